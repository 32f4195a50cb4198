"""Who you are, what you hold, how much may move; also the floor (core) and the roof (settings, urls, celery)."""

from wallet.hygiene import harden

harden()
