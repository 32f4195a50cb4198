"""A passkey in software: makes credentials and answers questions as a browser would, and can be told to misbehave.

key = SoftPasskey()
credential = key.make(options)          # for …/finish, as JSON
credential = key.get(options)
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from fido2.cose import ES256
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData

_UP, _UV, _AT = 0x01, 0x04, 0x40


def to_text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@dataclass
class SoftPasskey:
    origin: str = ""
    rp_id: str = ""
    user_verified: bool = True
    #: Added at each answer; 0 for a key that is kept in a cloud and counts nothing.
    step: int = 1
    counter: int = 0
    handle: bytes | None = None
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Answer `navigator.credentials.create`."""
        public = options.get("publicKey", options)
        user_id = public["user"]["id"]
        self.handle = base64.urlsafe_b64decode(user_id + "=" * (-len(user_id) % 4))
        credential = AttestedCredentialData.create(
            Aaguid(bytes(16)), self.credential_id, ES256.from_cryptography_key(self.private.public_key())
        )
        data = AuthenticatorData.create(self._rp_hash(), self._flags() | _AT, self.counter, credential)
        response = {
            "clientDataJSON": to_text(self._client_data("webauthn.create", public["challenge"])),
            "attestationObject": to_text(AttestationObject.create("none", data, {})),
        }
        return self._credential(response)

    def get(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Answer `navigator.credentials.get`."""
        public = options.get("publicKey", options)
        self.counter += self.step
        data = AuthenticatorData.create(self._rp_hash(), self._flags(), self.counter)
        client_data = self._client_data("webauthn.get", public["challenge"])
        signature = self.private.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": to_text(client_data),
            "authenticatorData": to_text(data),
            "signature": to_text(signature),
        }
        if self.handle is not None:
            response["userHandle"] = to_text(self.handle)
        return self._credential(response)

    def _credential(self, response: Mapping[str, str]) -> dict[str, Any]:
        name = to_text(self.credential_id)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "clientExtensionResults": {},
            "response": dict(response),
        }

    def _client_data(self, kind: str, challenge: str) -> bytes:
        origin = self.origin or settings.PUBLIC_URL
        return json.dumps({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}).encode()

    def _rp_hash(self) -> bytes:
        return hashlib.sha256((self.rp_id or settings.PUBLIC_HOST).encode()).digest()

    def _flags(self) -> AuthenticatorData.FLAG:
        return AuthenticatorData.FLAG(_UP | (_UV if self.user_verified else 0))
