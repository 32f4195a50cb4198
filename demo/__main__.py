"""`python -m demo`: serve the chat on 127.0.0.1:DEMO_PORT."""

import os

from granian import Granian
from granian.constants import Interfaces

if __name__ == "__main__":
    Granian(
        "demo.web:app",
        address="127.0.0.1",
        port=int(os.environ.get("DEMO_PORT", "8001")),
        interface=Interfaces.ASGI,
        log_access=False,
    ).serve()
