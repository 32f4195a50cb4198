"""KEKs in the environment."""

import os
from typing import Final

from privacy.crypto.providers.local import LocalProvider, parse
from privacy.crypto.secret import SecretBytes

#: Lines, or `version:key` split by commas.
ENVIRONMENT_VARIABLE: Final = "KEY_ENCRYPTION_KEYS"


class EnvironmentProvider(LocalProvider):
    """KEKs in the environment, for platforms that inject secrets there."""

    def __init__(self, variable: str = ENVIRONMENT_VARIABLE) -> None:
        self._variable = variable

    def _keys(self) -> dict[str, SecretBytes]:
        return parse(os.environ.get(self._variable, "").replace(",", "\n").replace(":", " "))
