"""The address guard: a call to somebody else's server never reaches inside (W07, chat.md).

One lookup; every address of the name must be public, or none is used; the connection goes to the address that was
judged, with the name for Host and TLS. `ip.is_global` alone is not trusted: it accepts forms that carry a private
address inside (NAT64, 6to4, Teredo, IPv4-compatible, multicast).
"""

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings

from wallet.core.errors import Kind, WalletError

Address = IPv4Address | IPv6Address

_LOOPBACK_NAMES = frozenset({"127.0.0.1", "::1", "localhost"})
_URL_LENGTH = 500
#: A name of two labels and more whose last one begins with a letter: resolvers read `0177.1` or `2130706433` as IPv4.
_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_NAME_LENGTH = 253
#: Addresses that carry an IPv4 address, and anycast and special ranges that `is_global` lets through.
_REFUSED6 = tuple(
    IPv6Network(text)
    for text in (
        "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2002::/16", "3fff::/20", "5f00::/16",
        "fec0::/10",
    )
)  # fmt: skip
#: ISATAP: the last 64 bits say `0:5efe` or `200:5efe` and carry an IPv4 address.
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})
_REFUSED4 = tuple(ip_network(text) for text in ("192.88.99.0/24", "192.0.0.0/24", "198.18.0.0/15", "100.64.0.0/10"))


class AddressRefused(WalletError):
    """Webhooks, and calls to witnesses, go to https at a public address; in the sandbox also to http on loopback."""

    kind = Kind.INVALID
    slug = "webhook-address-refused"
    title = "This address cannot get webhooks"


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect, and under which name."""

    scheme: str
    host: str
    port: int
    address: str


def check_url(url: str) -> str:
    """The URL itself, if its form may be registered; its address is judged again at every call.

    Raises:
        AddressRefused: not https on its own port, or not exact.
    """
    if len(url) > _URL_LENGTH or not (url.isascii() and url.isprintable()) or " " in url:
        raise _refused("is not a URL of at most 500 visible ASCII characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refused("has no valid host or port") from None
    host = parts.hostname or ""
    if not host or "@" in parts.netloc or "#" in url:
        raise _refused("needs a host, and no credentials or fragment")
    if is_sandbox_loopback(parts.scheme, host):
        return url
    if parts.scheme != "https" or port not in {None, 443}:
        raise _refused("must be https on port 443")
    if _literal(host) is not None:
        if not is_public(host):
            raise _refused("must be a public address")
    elif not _NAME.fullmatch(host) or len(host) > _NAME_LENGTH:
        raise _refused("needs a host name in full, in ASCII (xn--… for others)")
    return url


def _refused(detail: str) -> AddressRefused:
    return AddressRefused(detail, pointer="/url")


def is_sandbox_loopback(scheme: str, host: str) -> bool:
    """Whether this is a server on the sandbox's own machine (settled.md 20)."""
    return bool(settings.SANDBOX) and scheme in {"http", "https"} and host in _LOOPBACK_NAMES


def resolve(url: str) -> Target:
    """Look the name up once, and judge every address of it.

    Raises:
        AddressRefused: the name has no address, or one that is not public.
    """
    parts = urlsplit(check_url(url))
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    addresses = look_up(host, port)
    is_allowed = is_loopback if is_sandbox_loopback(parts.scheme, host) else is_public
    if not addresses or not all(is_allowed(address) for address in addresses):
        raise _refused("must be a public address")
    return Target(parts.scheme, host, port, addresses[0])


def look_up(host: str, port: int) -> list[str]:
    """All addresses of a name, in the resolver's order."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise _refused("has no address") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_loopback(text: str) -> bool:
    """127.0.0.0/8 and ::1."""
    address = _literal(text)
    return address is not None and address.is_loopback


def is_public(text: str) -> bool:
    """Whether the address is one of the public Internet, in its own right."""
    address = _literal(text)
    if address is None:
        return False
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None or address.scope_id is not None:
            return False
        if any(address in network for network in _REFUSED6) or int(address) >> 32 & 0xFFFFFFFF in _ISATAP:
            return False
    elif any(address in network for network in _REFUSED4):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
        or address.is_link_local or address.is_private
    )  # fmt: skip


def _literal(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
