"""Where the code uses cryptography, found in its syntax trees: the facts of the inventory (standard.md C16).

Imports nothing of ours and runs nothing that it reads. A name of a cryptographic library that stands in neither table
below is a fault of the inventory, never passed over.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: Packages whose every name must be known here.
LIBRARIES: Final = (
    "cryptography", "hashlib", "hmac", "secrets", "ssl", "argon2", "standardwebhooks", "fido2", "random", "uuid",
    "django.contrib.auth.hashers", "django.core.signing", "django.utils.crypto", "oauthlib.common", "jwt", "nacl",
)  # fmt: skip
_PRIMITIVES: Final[Mapping[str, str]] = {
    "cryptography.hazmat.primitives.asymmetric.ed25519.Ed25519PrivateKey": "Ed25519 signature",
    "cryptography.hazmat.primitives.asymmetric.ed25519.Ed25519PublicKey": "Ed25519 verification",
    "cryptography.hazmat.primitives.ciphers.aead.AESGCM": "AES-256-GCM",
    "cryptography.hazmat.primitives.kdf.hkdf.HKDF": "HKDF",
    "cryptography.hazmat.primitives.hashes.SHA256": "SHA-256",
    "django.contrib.auth.hashers.check_password": "Argon2id",
    "django.contrib.auth.hashers.make_password": "Argon2id",
    "fido2.server.Fido2Server": "WebAuthn (ES256, RS256, EdDSA)",
    "hashlib.sha256": "SHA-256",
    "hmac.digest": "HMAC-SHA-256",
    "hmac.compare_digest": "constant-time comparison",
    "secrets.compare_digest": "constant-time comparison",
    "oauthlib.common.generate_token": "CSPRNG",
    "os.urandom": "CSPRNG",
    "random.uniform": "Mersenne Twister",
    "secrets.SystemRandom": "CSPRNG",
    "secrets.choice": "CSPRNG",
    "secrets.randbelow": "CSPRNG",
    "secrets.token_bytes": "CSPRNG",
    "secrets.token_hex": "CSPRNG",
    "secrets.token_urlsafe": "CSPRNG",
    "standardwebhooks.webhooks.Webhook": "HMAC-SHA-256",
    "uuid.uuid4": "CSPRNG",
}
#: Names that compute nothing: exceptions, types, parsers.
_NO_PRIMITIVES: Final = re.compile(
    r"cryptography\.exceptions\.\w+|cryptography\.hazmat\.primitives\.(hashes|serialization)|fido2\.(webauthn|utils)\.[\w.]+"
    r"|standardwebhooks\.webhooks\.WebhookVerificationError|uuid\.UUID|cryptography\.hazmat\.primitives\.serialization\.\w+"
)
_IN_SQL: Final = re.compile(
    r"\b(md5|sha1|sha224|sha256|sha384|sha512|digest|hmac|crypt|gen_random_uuid|gen_random_bytes)\("
)
_SQL_NAMES: Final = {"sha256": "SHA-256", "gen_random_uuid": "CSPRNG", "gen_random_bytes": "CSPRNG"}


class UsageUnknown(Exception):
    """The code uses something that the inventory does not know: name it in this file."""


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """One primitive in one function; `function` is "" at the top of a module."""

    path: str
    function: str
    algorithm: str

    @property
    def place(self) -> str:
        """`path` or `path: function`."""
        return f"{self.path}: {self.function}" if self.function else self.path


def uses_in(checkout: Path, packages: tuple[str, ...]) -> list[Use]:
    """Every use in the Python and SQL files of these packages; migrations only load the SQL.

    Raises:
        UsageUnknown: a name of a cryptographic library is in no table here.
    """
    found: set[Use] = set()
    for package in packages:
        for path in sorted((checkout / package).rglob("*.py")):
            if "migrations" not in path.parts:
                place = path.relative_to(checkout).as_posix()
                found.update(uses_of(ast.parse(path.read_text(encoding="utf-8")), place))
        for path in sorted((checkout / package).rglob("*.sql")):
            place = path.relative_to(checkout).as_posix()
            text = re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8"))
            found.update(Use(place, "", _SQL_NAMES.get(name, name.upper())) for name in _IN_SQL.findall(text))
    return sorted(found)


def uses_of(tree: ast.Module, path: str) -> Iterator[Use]:
    """The uses of one module.

    Raises:
        UsageUnknown: see above.
    """
    known = _imported(tree)
    _refuse_unnamed_hashes(tree, path, known)
    for function, node in _in_functions(tree, ""):
        name = _dotted(node, known)
        if name is None:
            continue
        if name in _PRIMITIVES:
            yield Use(path, function, _PRIMITIVES[name])
        elif not _NO_PRIMITIVES.fullmatch(name):
            raise UsageUnknown(f"{path}: {function or 'module'} uses {name}")


def _refuse_unnamed_hashes(tree: ast.Module, path: str, known: Mapping[str, str]) -> None:
    """A keyed hash names SHA-256 where it is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _dotted(node.func, known) == "hmac.digest":
            named = node.args[2] if len(node.args) > 2 else None  # noqa: PLR2004 - key, message, hash
            if not (isinstance(named, ast.Constant) and named.value == "sha256"):
                raise UsageUnknown(f"{path}:{node.lineno} calls hmac.digest without naming sha256")


def _imported(tree: ast.Module) -> dict[str, str]:
    """The names that a module has of the libraries, and what they stand for."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                names[one.asname or one.name.split(".")[0]] = one.name if one.asname else one.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
    return {name: origin for name, origin in names.items() if _is_watched(origin) or origin == "os"}


def _is_watched(name: str) -> bool:
    return any(name == library or name.startswith(f"{library}.") for library in LIBRARIES) or name == "os.urandom"


def _in_functions(node: ast.AST, function: str) -> Iterator[tuple[str, ast.expr]]:
    """Every name and attribute, outermost first, with the function that holds it; annotations compute nothing."""
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST):
                continue
            inner = function
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inner = f"{function}.{child.name}".lstrip(".")
            if isinstance(child, ast.Name | ast.Attribute):
                yield function, child
            if isinstance(child, ast.Attribute) and isinstance(child.value, ast.Name | ast.Attribute):
                continue
            yield from _in_functions(child, inner)


def _dotted(node: ast.expr, known: Mapping[str, str]) -> str | None:
    """The full name of a watched thing, without what is done with it (`Ed25519PrivateKey.generate`)."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in known:
        return None
    name = ".".join([known[node.id], *reversed(parts)])
    while name not in _PRIMITIVES and "." in name and name.rsplit(".", 1)[0] in _PRIMITIVES:
        name = name.rsplit(".", 1)[0]
    return name if _is_watched(name) else None
