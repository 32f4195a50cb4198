"""What the embedded default reads from the environment, and where its own checkout is."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from wallet import env
from wallet.embedded.children import EmbeddedError
from wallet.embedded.environment import EMBEDDED_MARK


@dataclass(frozen=True, slots=True)
class Options:
    """The settings that decide what is started, and where."""

    checkout: Path
    var_dir: Path
    mode: str
    port: int
    demo_port: int
    public_url: str
    database_url: str
    migration_database_url: str
    redis_url: str
    durable: bool
    with_demo: bool

    @classmethod
    def from_environment(cls) -> Self:
        """Read them.

        Raises:
            EmbeddedError: one cannot be used; the message names it.
        """
        _forget_embedded_environment()
        try:
            mode = env.choice("MODE", ("sandbox", "production"), "sandbox")
            port = _port("PORT", 8000)
            options = cls(
                checkout=env.CHECKOUT,
                var_dir=Path(env.text("VAR_DIR", str(env.CHECKOUT / "var"))).absolute(),
                mode=mode,
                port=port,
                demo_port=_port("DEMO_PORT", 8001),
                public_url=env.text("PUBLIC_URL", f"http://localhost:{port}"),
                database_url=env.text("DATABASE_URL", ""),
                migration_database_url=env.text("MIGRATION_DATABASE_URL", ""),
                redis_url=env.text("REDIS_URL", ""),
                durable=env.flag("EMBEDDED_DURABLE", default=True),
                with_demo=mode == "sandbox" and env.flag("DEMO", default=True),
            )
        except env.EnvironmentInvalid as error:
            raise EmbeddedError(str(error)) from error
        if bool(options.database_url) != bool(options.migration_database_url):
            raise EmbeddedError(
                "DATABASE_URL (the application role) and MIGRATION_DATABASE_URL (the owner role) belong together: "
                "set both, or neither for the embedded PostgreSQL."
            )
        if not options.durable and mode != "sandbox":
            raise EmbeddedError("EMBEDDED_DURABLE=off is refused in production: it loses data when the power fails.")
        if options.port == options.demo_port:
            raise EmbeddedError("PORT and DEMO_PORT must differ.")
        return options

    @property
    def demo_url(self) -> str:
        """Where the demo chat is: never the wallet's host name, because cookies ignore ports."""
        return f"http://127.0.0.1:{self.demo_port}"

    @property
    def local_url(self) -> str:
        """Where we reach the wallet ourselves, whatever its public name."""
        return f"http://127.0.0.1:{self.port}"


def _forget_embedded_environment() -> None:
    """In a shell that has read `var/env`, the embedded servers' addresses are those of an earlier run."""
    if os.environ.pop(EMBEDDED_MARK, ""):
        for name in ("DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL"):
            os.environ.pop(name, None)


def _port(name: str, default: int) -> int:
    number = env.integer(name, default)
    if not 0 < number < 65536:  # noqa: PLR2004 - ports have 16 bits
        raise env.EnvironmentInvalid(f"{name} is not a port number")
    return number
