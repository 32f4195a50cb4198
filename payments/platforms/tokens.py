"""Tokens outside the endpoints: made for the commands, and ended with a link."""

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from oauth2_provider.models import AccessToken, RefreshToken, set_token_value
from oauth2_provider.settings import oauth2_settings
from oauthlib.common import generate_token

from payments.platforms.models import AuthorizationCode, Platform
from wallet.core import clock
from wallet.core.transactions import needs_transaction

#: The longest life of a family of refresh tokens (standard.md, parameters).
FAMILY_LIVES: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Tokens:
    """A pair, in clear, for whoever asked; only hashes are kept."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int


@needs_transaction
def issue_tokens(*, holder_id: str, platform: Platform, scopes: tuple[str, ...]) -> Tokens:
    """A fresh family, of the same kind and life as those of the token endpoint."""
    seconds = int(oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS)
    access, refresh = generate_token(48), generate_token(48)
    expires = clock.real() + timedelta(seconds=seconds)
    access_row = AccessToken(user_id=holder_id, application=platform, scope=" ".join(scopes), expires=expires)
    set_token_value(access_row, access)
    access_row.save()
    refresh_row = RefreshToken(
        user_id=holder_id, application=platform, access_token=access_row, token_family=uuid.uuid4()
    )
    set_token_value(refresh_row, refresh)
    refresh_row.save()
    return Tokens(access, refresh, seconds)


@needs_transaction
def end_tokens(*, holder_id: str, platform_id: str) -> None:
    """Every token and code of a person on a platform is dead when this commits."""
    AuthorizationCode.objects.filter(user_id=holder_id, application_id=platform_id).delete()
    RefreshToken.objects.filter(user_id=holder_id, application_id=platform_id).delete()
    AccessToken.objects.filter(user_id=holder_id, application_id=platform_id).delete()


def clear_over() -> int:
    """Delete what opens nothing any more and detects no reuse; returns how many rows.

    A redeemed code stays a day (P02); a rotated refresh token as long as its family may live.
    """
    now = clock.real()
    idle = now - timedelta(seconds=int(oauth2_settings.REFRESH_TOKEN_EXPIRE_SECONDS))
    gone = [
        AuthorizationCode.objects.filter(expires__lt=now - timedelta(days=1)),
        RefreshToken.objects.filter(revoked__lt=now - FAMILY_LIVES),
        RefreshToken.objects.filter(revoked=None, access_token__expires__lt=idle),
        AccessToken.objects.filter(refresh_token=None, expires__lt=now - timedelta(days=1)),
    ]
    return sum(rows.delete()[0] for rows in gone)
