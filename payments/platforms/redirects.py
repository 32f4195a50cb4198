"""Redirect URIs: exact, https, and on the sandbox's own machine http (settled.md 20)."""

from urllib.parse import urlsplit

from django.conf import settings

from wallet.core.errors import Kind, WalletError

_LENGTH = 500
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class RedirectRefused(WalletError):
    """A redirect URI must be an absolute https URI without fragment, credentials or wildcard."""

    kind = Kind.INVALID
    slug = "redirect-uri-refused"
    title = "This redirect URI cannot be registered"


def check_redirect_uri(uri: str) -> str:
    """The URI itself, if it may be registered.

    Raises:
        RedirectRefused: not https (or, in the sandbox, http to loopback), or not exact.
    """
    if len(uri) > _LENGTH or not (uri.isascii() and uri.isprintable()) or " " in uri:
        raise RedirectRefused("The URI must be at most 500 visible ASCII characters, without spaces.")
    try:
        parts = urlsplit(uri)
        parts.port  # noqa: B018 - raises for a port that is none
    except ValueError:
        raise RedirectRefused("The URI's host or port is none.") from None
    is_loopback = settings.SANDBOX and parts.scheme == "http" and parts.hostname in LOOPBACK
    if parts.scheme != "https" and not is_loopback:
        raise RedirectRefused("The URI must be https; http is for loopback addresses in the sandbox.")
    if not parts.hostname or any(mark in uri for mark in "@#*\\") or not uri.startswith(f"{parts.scheme}://"):
        raise RedirectRefused("The URI needs a host, and no credentials, fragment, wildcard or backslash.")
    if "." in {piece.strip(".") or "." for piece in parts.path.split("/") if piece}:
        raise RedirectRefused("The URI's path must not have dots for segments.")
    return uri


def origin_of(uri: str) -> str:
    """The origin, as a Content-Security-Policy source."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"
