"""The web server of the embedded default: granian, whose workers also end when it is killed.

python -m wallet.embedded.web      # PORT, WEB_WORKERS, WEB_THREADS from the environment
"""

import os
from collections.abc import Callable
from importlib import import_module
from typing import Any

import django
from django.conf import settings
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from wallet.core import crashes, logs
from wallet.embedded.children import end_with_parent

#: Measured on two cores, eight connections, one query a request: 1 x 8 gave 1,100 requests/s, 1 x 4 1,350, 2 x 2 and
#: 2 x 4 both 2,150; four threads leave room beside one slow page.
DEFAULT_WORKERS = 2
DEFAULT_THREADS = 4
#: A keep-alive connection or a slow answer gets this long when the server stops.
STOP_SECONDS = 8
#: Granian's lines go the way of all others; its own handlers would print an exception with its message.
_LOGS: dict[str, Any] = {
    "formatters": {},
    "handlers": {},
    "loggers": {name: {"handlers": [], "propagate": True} for name in ("_granian", "granian.access")},
}


def load() -> Callable[..., Any]:
    """Load the application in a worker: granian forks it, so it must ask for itself to end with its parent."""
    end_with_parent()
    try:
        from wallet.wsgi import application  # noqa: PLC0415 - what connects, connects in the worker
    except Exception as error:  # noqa: BLE001 - what cannot start is reported by us: multiprocessing prints messages
        crashes.report(error)
        raise SystemExit(1) from None
    return application


def main() -> None:
    """Serve until told to stop."""
    # The code once for all workers: each begins sooner, in memory that they share. Nothing connects here.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wallet.settings")
    django.setup()
    import_module(settings.ROOT_URLCONF)
    server = Server(
        "wallet.wsgi:application",
        address=os.environ.get("WEB_ADDRESS", "127.0.0.1"),
        port=int(os.environ.get("PORT", "8000")),
        interface=Interfaces.WSGI,
        workers=int(os.environ.get("WEB_WORKERS", DEFAULT_WORKERS)),
        blocking_threads=int(os.environ.get("WEB_THREADS", DEFAULT_THREADS)),
        websockets=False,
        log_level=LogLevels.warning,
        log_dictconfig=_LOGS,
        log_access=False,
        respawn_failed_workers=True,
        respawn_interval=0.2,
        workers_kill_timeout=STOP_SECONDS,
    )
    server.serve(target_loader=load, wrap_loader=False)


if __name__ == "__main__":
    logs.configure({"level": "WARNING"})
    main()
