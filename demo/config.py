"""What the platform was given: the wallet's address, its OAuth client, and one linked friend who answers."""

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Config:
    """The content of `DEMO_CONFIG`, and where the chat keeps its own file."""

    wallet_url: str
    demo_url: str
    redirect_uri: str
    client_id: str
    client_secret: str
    friend: dict[str, Any]
    data: Path


@cache
def config() -> Config:
    """Read once."""
    given = json.loads(Path(os.environ["DEMO_CONFIG"]).read_text(encoding="utf-8"))
    names = ("wallet_url", "demo_url", "redirect_uri", "client_id", "client_secret", "friend")
    return Config(**{name: given[name] for name in names}, data=Path(os.environ["DEMO_DATA"]))
