"""What the authorization server asks about clients, codes and tokens.

Every answer of the token endpoint is made inside one transaction (`endpoints.TokenEndpoint`), so the row locks taken
here hold until the tokens are written: a code is redeemed once, a refresh token has one successor, and a link that ends
takes along whatever was issued under it.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import DateTimeField, Func
from oauth2_provider.models import AccessToken, RefreshToken
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.settings import oauth2_settings

from payments.platforms.models import AuthorizationCode, Link, LinkStatus
from payments.platforms.scopes import LINK, ClientKind
from wallet.core import clock

#: A refresh token's family lives no longer than this, however often it rotates (standard.md c3).
FAMILY_LIFETIME = timedelta(days=90)
#: Redeemed codes are remembered this long, so that a later reuse still revokes what they gave (P02).
_CODE_KEPT = timedelta(days=1)


class RealNow(Func):
    """The database server's own time: `wallet.core.clock.real` inside a query."""

    function = "clock_timestamp"
    output_field = DateTimeField()


def digest(secret: str) -> str:
    """How a code, a token or a client secret is stored: all of them are random, 128 bits and more."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Validator(OAuth2Validator):
    """The toolkit's validator with single-use codes that are stored hashed, and tokens that belong to a link."""

    def _check_secret(self, provided_secret: str, stored_secret: str) -> bool:
        """Client secrets are long and random, so a plain hash is enough; a public client has none."""
        return bool(stored_secret) and hmac.compare_digest(digest(provided_secret), stored_secret)

    def validate_scopes(
        self, client_id: str, scopes: list[str], client: Any, request: Any, *args: Any, **more: Any
    ) -> bool:
        """Only the kind's own scopes; what is asked for a person always contains the link."""
        if not super().validate_scopes(client_id, scopes, client, request, *args, **more):
            return False
        return request.grant_type == "client_credentials" or LINK in scopes

    # --- Authorization codes -----------------------------------------------------------------------

    def _create_authorization_code(self, request: Any, code: Mapping[str, str], expires: Any = None) -> Any:
        now = clock.real()
        AuthorizationCode.objects.filter(user=request.user, expires__lt=now - _CODE_KEPT).delete()
        expires = expires or now + timedelta(seconds=oauth2_settings.AUTHORIZATION_CODE_EXPIRE_SECONDS)
        row = super()._create_authorization_code(request, {**code, "code": digest(code["code"])}, expires)
        row.link_id = request.link_id
        row.save(update_fields=["link"])
        return row

    def validate_code(self, client_id: str, code: str, client: Any, request: Any, *args: Any, **more: Any) -> bool:
        """A code that is live and was never redeemed; one that was takes its tokens along (P02)."""
        row = (
            AuthorizationCode.objects.select_for_update(of=("self",))
            .filter(code=digest(code), application=client)
            .first()
        )
        if row is None:
            return False
        if row.redeemed_at is not None:
            RefreshToken.revoke_family(row.token_family)
            return False
        request.authorization_code = row
        request.link = self._live_link(holder_id=row.user_id, platform_id=row.application_id)
        if request.link is None or request.link.id != row.link_id or not row.user.is_active:
            return False
        return bool(super().validate_code(client_id, digest(code), client, request, *args, **more))

    def invalidate_authorization_code(self, client_id: str, code: str, request: Any, *args: Any, **more: Any) -> None:  # noqa: ARG002 - the toolkit's signature
        """Remember the code as redeemed, and what it gave."""
        row = request.authorization_code
        row.redeemed_at = clock.real()
        row.token_family = request.token_family
        row.save(update_fields=["redeemed_at", "token_family"])

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: Any, *args: Any, **more: Any
    ) -> bool:
        """The same URI as in the authorization request."""
        return bool(super().confirm_redirect_uri(client_id, digest(code), redirect_uri, client, *args, **more))

    def get_code_challenge(self, code: str, request: Any) -> str | None:
        """What the authorization request committed to."""
        challenge: str | None = super().get_code_challenge(digest(code), request)
        return challenge

    def get_code_challenge_method(self, code: str, request: Any) -> str | None:
        """S256."""
        method: str | None = super().get_code_challenge_method(digest(code), request)
        return method

    def get_authorization_code_scopes(self, client_id: str, code: str, redirect_uri: str, request: Any) -> list[str]:
        """What the person agreed to."""
        scopes: list[str] = super().get_authorization_code_scopes(client_id, digest(code), redirect_uri, request)
        return scopes

    # --- Tokens ------------------------------------------------------------------------------------

    def validate_refresh_token(self, refresh_token: str, client: Any, request: Any, *args: Any, **more: Any) -> bool:
        """One successor each; the family has an absolute lifetime, and a link's family dies with the link."""
        row = (
            RefreshToken.objects.select_for_update(of=("self",))
            .filter(token_checksum=digest(refresh_token), application=client)
            .order_by("-id")
            .first()
        )
        if row is None or not super().validate_refresh_token(refresh_token, client, request, *args, **more):
            return False
        if not row.user.is_active:
            return False
        family = RefreshToken.objects.filter(token_family=row.token_family).order_by("created").first()
        if family is None or family.created + FAMILY_LIFETIME <= clock.real():
            return False
        if client.kind == ClientKind.PLATFORM:
            request.link = self._live_link(holder_id=row.user_id, platform_id=client.pk)
            return request.link is not None
        return True

    def _create_access_token(
        self, _expires: Any, request: Any, token: Mapping[str, Any], *args: Any, **more: Any
    ) -> Any:
        """Its life begins by the database's clock, as it ends: two machines need not agree on the time."""
        seconds = int(token.get("expires_in", oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS))
        return super()._create_access_token(clock.real() + timedelta(seconds=seconds), request, token, *args, **more)

    def _create_refresh_token(self, request: Any, code: str, access_token: Any, previous: Any) -> Any:
        row = super()._create_refresh_token(request, code, access_token, previous)
        request.token_family = row.token_family
        return row

    def _live_link(self, *, holder_id: str, platform_id: str) -> Link | None:
        """The active link under its row lock: whoever ends it waits, and then finds these tokens."""
        active = Link.objects.filter(holder_id=holder_id, platform_id=platform_id, status=LinkStatus.ACTIVE)
        return active.select_for_update(no_key=True).first()

    def _save_bearer_token(self, token: dict[str, Any], request: Any, *args: Any, **more: Any) -> None:
        super()._save_bearer_token(token, request, *args, **more)
        if request.grant_type == "authorization_code":
            token["link"] = request.link.id


def load_access_token(token: str) -> AccessToken | None:
    """The live access token of this value, with its client and person; one query."""
    live = AccessToken.objects.filter(token_checksum=digest(token), expires__gt=RealNow())
    row: AccessToken | None = live.select_related("application", "user").first()
    if row is None or row.application is None:
        return None
    return row
