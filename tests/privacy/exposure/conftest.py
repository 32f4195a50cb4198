"""The cast and a platform."""

import secrets

import pytest

from privacy.exposure import recipients
from privacy.exposure.models import Recipient, RecipientKind
from wallet.core.ids import new_id


@pytest.fixture
def alice() -> str:
    return new_id("holder")


@pytest.fixture
def bob() -> str:
    return new_id("holder")


@pytest.fixture
def platform(db: None) -> Recipient:
    return recipients.register(kind=RecipientKind.PLATFORM, ref=f"plat_{secrets.token_hex(8)}", name="Chatter")
