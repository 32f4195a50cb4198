"""The WSGI door that granian serves."""

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wallet.settings")
application = get_wsgi_application()
# Keys are unwrapped before the first request, so that none waits for the key provider.
import_module("wallet.core.keys").warm_up()
