"""The authorization server: authorization code with PKCE S256, client credentials, refresh; nothing else is here."""

import re
from typing import Any

from oauthlib.oauth2.rfc6749.endpoints.authorization import AuthorizationEndpoint
from oauthlib.oauth2.rfc6749.endpoints.resource import ResourceEndpoint
from oauthlib.oauth2.rfc6749.endpoints.revocation import RevocationEndpoint
from oauthlib.oauth2.rfc6749.endpoints.token import TokenEndpoint
from oauthlib.oauth2.rfc6749.errors import InvalidRequestError, OAuth2Error, UnsupportedGrantTypeError
from oauthlib.oauth2.rfc6749.grant_types import AuthorizationCodeGrant, ClientCredentialsGrant, RefreshTokenGrant
from oauthlib.oauth2.rfc6749.tokens import BearerToken

_S256_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_Answer = tuple[dict[str, str], str, int]


class _CodeGrant(AuthorizationCodeGrant):
    """`plain` is no method here: it is refused before anybody is asked for consent."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        known: dict[str, Any] = self._code_challenge_methods  # type: ignore[has-type]  # oauthlib has no types
        self._code_challenge_methods = {"S256": known["S256"]}

    def validate_authorization_request(self, request: Any) -> tuple[Any, Any]:
        """What oauthlib checks, and that the challenge is a SHA-256 in base64url (RFC 7636 4.2)."""
        answer: tuple[Any, Any] = super().validate_authorization_request(request)
        if not _S256_CHALLENGE.fullmatch(request.code_challenge or ""):
            raise InvalidRequestError(description="code_challenge is not an S256 challenge", request=request)
        return answer


class _NoGrant:
    """What answers a grant type that does not exist here."""

    def create_token_response(self, request: Any, _handler: Any) -> _Answer:
        error: OAuth2Error = UnsupportedGrantTypeError(request=request)
        headers = {"Content-Type": "application/json", "Cache-Control": "no-store", **error.headers}
        return headers, error.json, error.status_code


class AuthorizationServer(AuthorizationEndpoint, TokenEndpoint, ResourceEndpoint, RevocationEndpoint):
    """The endpoints with the three grants of contract.md; implicit, password and device are not built in."""

    def __init__(
        self,
        request_validator: Any,
        token_expires_in: Any = None,
        token_generator: Any = None,
        refresh_token_generator: Any = None,
        **_more: Any,
    ) -> None:
        self.bearer = BearerToken(request_validator, token_generator, token_expires_in, refresh_token_generator)
        code = _CodeGrant(request_validator)
        AuthorizationEndpoint.__init__(
            self, default_response_type="code", response_types={"code": code}, default_token_type=self.bearer
        )
        grants = {
            "": _NoGrant(),
            "authorization_code": code,
            "client_credentials": ClientCredentialsGrant(request_validator),
            "refresh_token": RefreshTokenGrant(request_validator),
        }
        TokenEndpoint.__init__(self, default_grant_type="", grant_types=grants, default_token_type=self.bearer)
        ResourceEndpoint.__init__(self, "Bearer", {"Bearer": self.bearer})
        RevocationEndpoint.__init__(self, request_validator)
