"""Read settings from the environment, each also from a file (`X_FILE`), with an error that names the variable."""

import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent

#: Commands that look at the code alone and need no running system.
OFFLINE_COMMANDS = frozenset(
    {
        "makemigrations",
        "check",
        "help",
        "version",
        "--help",
        "--version",
        "compilemessages",
        "makemessages",
        "collectstatic",
        "crypto_inventory",
    }
)


class EnvironmentInvalid(Exception):
    """A setting is missing or cannot be read; the message names it."""


class EmbeddedSystemMissing(Exception):
    """No settings in the environment and no embedded system under `var/`."""


def text(name: str, default: str | None = None) -> str:
    """The value of `name`, or the content of the file that `name_FILE` names.

    Raises:
        EnvironmentInvalid: neither is set and there is no default, or the file cannot be read.
    """
    if name in os.environ:
        return os.environ[name]
    if file_name := os.environ.get(f"{name}_FILE"):
        try:
            return Path(file_name).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise EnvironmentInvalid(f"{name}_FILE cannot be read: {error.strerror}") from None
    if default is None:
        raise EnvironmentInvalid(f"{name} is not set (or {name}_FILE)")
    return default


def integer(name: str, default: int) -> int:
    """The value of `name` as a whole number."""
    value = text(name, str(default))
    try:
        return int(value)
    except ValueError:
        raise EnvironmentInvalid(f"{name} is not a whole number") from None


def flag(name: str, *, default: bool) -> bool:
    """The value of `name` as on or off."""
    value = text(name, "on" if default else "off").lower()
    if value in {"on", "1", "true", "yes"}:
        return True
    if value in {"off", "0", "false", "no"}:
        return False
    raise EnvironmentInvalid(f"{name} must be on or off")


def listing(name: str, default: str = "") -> list[str]:
    """The value of `name` split at commas and spaces."""
    return text(name, default).replace(",", " ").split()


def choice(name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
    """The value of `name`, one of `allowed`."""
    value = text(name, default)
    if value not in allowed:
        raise EnvironmentInvalid(f"{name} must be one of {', '.join(allowed)}")
    return value


def adopt_embedded_environment() -> None:
    """Take the settings of the running embedded system from `var/env` when the environment has none.

    Raises:
        EmbeddedSystemMissing: there is none, and the command needs one.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wallet.settings")
    if "DATABASE_URL" in os.environ or "DATABASE_URL_FILE" in os.environ:
        return
    env_file = Path(os.environ.get("VAR_DIR", CHECKOUT / "var")) / "env"
    if env_file.is_file():
        os.environ.update(read_env_file(env_file))
    elif len(sys.argv) > 1 and sys.argv[1] not in OFFLINE_COMMANDS:
        raise EmbeddedSystemMissing("No system found: start one with `make run`, or set DATABASE_URL and MODE.")
    else:
        os.environ.setdefault("MODE", "sandbox")
        os.environ.setdefault("DATABASE_URL", "postgresql://nobody@localhost/none")


def read_env_file(path: Path) -> dict[str, str]:
    """Read `export NAME='value'` lines as a POSIX shell would."""
    import shlex  # noqa: PLC0415 - only commands in a checkout need it

    values: dict[str, str] = {}
    for word in shlex.split(path.read_text(encoding="utf-8"), comments=True):
        name, separator, value = word.partition("=")
        if separator:
            values[name] = value
    return values
