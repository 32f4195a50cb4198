"""What an error report would show of a failure's frames: places, and no number, code or key (standard.md C14)."""

import base64
import secrets
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from cards.authorizations import authorize
from cards.issuing.numbers import Presented
from cards.vault import cvc, numbers
from cards.vault.models import CardNumber
from cards.vault.pan import Pan, PanUnreadable
from privacy.crypto import aead
from privacy.crypto.aead import Cell, DecryptionFailed
from privacy.crypto.cells import EncryptedFieldError
from privacy.crypto.keyring import KeyDestroyed, Keyring, KeyUnavailable
from privacy.crypto.providers import FileProvider, WrappedKey
from privacy.crypto.secret import Secret, SecretBytes, forgets_locals
from tests.cards.acquirer import TestCard, issue, send
from wallet.core import clock, problems

pytestmark = pytest.mark.django_db


def shown(error: BaseException) -> str:
    """The longest report that Python makes: every frame of every cause, with its locals."""
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def failure(act: Callable[[], Any], kind: type[BaseException]) -> str:
    """What the report of this failure shows of the frames below us."""
    with pytest.raises(kind) as caught:
        act()
    caught.value.__traceback__ = (caught.value.__traceback__ or caught.tb).tb_next.tb_next  # type: ignore[union-attr]
    return shown(caught.value)


def test_a_report_would_show_locals() -> None:
    """What all of this is against, and what ends it."""

    def act(number: str) -> None:
        raise ValueError

    assert "4111111111111111" in failure(lambda: act("4111111111111111"), ValueError)
    assert "4111111111111111" not in failure(lambda: forgets_locals(act)("4111111111111111"), ValueError)


def test_of_causes_the_locals_are_forgotten_too_but_not_of_what_the_caller_handles() -> None:
    @forgets_locals
    def act(number: str) -> None:
        try:
            raise ValueError(len(number))
        except ValueError as error:
            raise KeyError from error

    def handling() -> None:
        mine = "kept-by-the-caller"
        try:
            raise RuntimeError(len(mine))
        except RuntimeError:
            act("4111111111111111")

    report = failure(handling, KeyError)
    assert "4111111111111111" not in report
    assert "kept-by-the-caller" in report


class TestVault:
    @pytest.fixture
    def card(self) -> TestCard:
        return issue()

    def test_a_number_that_is_none(self) -> None:
        assert "411111111111111x" not in failure(lambda: Pan("411111111111111x"), PanUnreadable)

    def test_a_card_that_has_a_number_already(self, card: TestCard, monkeypatch: pytest.MonkeyPatch) -> None:
        drawn = []
        draw = numbers.number_range.draw
        monkeypatch.setattr(numbers.number_range, "draw", lambda: drawn.append(draw()) or drawn[-1])

        def again() -> None:
            with transaction.atomic():
                numbers.create(card_id=card.card.id, holder_id=card.card.holder_id, domain_ref=None, now=clock.now())

        report = failure(again, IntegrityError)
        assert drawn
        assert [pan.last4 for pan in drawn if pan.reveal() in report] == []

    def test_a_number_whose_code_cannot_be_derived(self, card: TestCard, monkeypatch: pytest.MonkeyPatch) -> None:
        """Break: keep `pan.reveal()` in a variable of `reveal`."""
        monkeypatch.setattr(numbers.cvc, "derive", lambda *_values, **_more: 1 / 0)
        assert card.pan not in failure(lambda: numbers.reveal(card.card.id), ZeroDivisionError)

    def test_a_code_under_a_key_that_is_not_there(self, card: TestCard) -> None:
        presented = Presented(Pan(card.pan), card.expiry, Secret(card.cvc))
        report = failure(lambda: cvc.derive(presented.pan, expiry=card.expiry, version=99), KeyUnavailable)
        report += failure(lambda: presented.cvc_matches(version=99), KeyUnavailable)
        assert card.pan not in report
        assert f"'{card.cvc}'" not in report


class TestKeyring:
    @pytest.fixture
    def ring(self) -> Iterator[Keyring]:
        ring = Keyring(in_background=False)
        yield ring
        ring.stop()

    def cell(self, holder_id: str, row: str = "1") -> Cell:
        return Cell("cards_cardnumber", "pan", row, holder_id)

    def test_what_cannot_be_sealed_or_opened(self, ring: Keyring) -> None:
        """Break: `seal` and `open` without `forgets_locals`."""
        holder, canary = f"holder_{secrets.token_hex(8)}", b"4111111111111111"
        sealed = ring.seal(canary, cell=self.cell(holder), keys="life")
        report = failure(lambda: ring.open(sealed, cell=self.cell(holder, "2"), keys="life"), DecryptionFailed)
        ring.destroy(holder_id=holder, keys="life")
        report += failure(lambda: ring.seal(canary, cell=self.cell(holder), keys="life"), KeyDestroyed)
        report += failure(lambda: ring.open(sealed, cell=self.cell(holder), keys="life"), KeyDestroyed)
        assert "4111111111111111" not in report

    def test_a_key_that_does_not_unwrap(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The provider fails in the middle of wrapping a fresh key. Break: `wrap` without `forgets_locals`."""
        provider, key = FileProvider(Path(settings.KEY_FILE)), secrets.token_bytes(32)
        wrapped = provider.wrap(SecretBytes(key), context={"a": "b"})
        report = failure(lambda: provider.unwrap(wrapped, context={"a": "c"}), DecryptionFailed)
        report += failure(lambda: provider.unwrap(WrappedKey("99", wrapped.blob), context={"a": "b"}), KeyUnavailable)
        monkeypatch.setattr(aead, "os", SimpleNamespace(urandom=lambda _count: 1 / 0))
        report += failure(lambda: provider.wrap(SecretBytes(key), context={"a": "b"}), ZeroDivisionError)
        assert repr(key) not in report

    def test_a_key_file_with_a_broken_line(self, tmp_path: Path) -> None:
        """Break: `health` without `forgets_locals`: the parser's locals are the file."""
        kek = base64.b64encode(secrets.token_bytes(32)).decode()
        file = tmp_path / "kek"
        file.write_text(f"1 {kek}\n2 broken\n")
        file.chmod(0o600)
        report = failure(FileProvider(file).health, KeyUnavailable)
        assert kek not in report
        assert repr(base64.b64decode(kek)) not in report


@pytest.mark.parametrize("step", ["_read", "ask_of", "_write_approval", "body_hash"])
def test_an_authorization_that_fails_at_any_step(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report is made where it would be: when the view's last frame still stands. Break: `body` in the view."""
    card, reports = issue(1000), []

    def fail(*_args: Any, **_more: Any) -> None:
        raise RuntimeError

    def seen(error: Exception, request: Any) -> Any:
        reports.append(shown(error))
        return answer(error, request)

    answer = problems.from_exception
    monkeypatch.setattr(authorize, step, fail)
    monkeypatch.setattr(problems, "from_exception", seen)
    assert send("/authorizations", card.body(100)).status_code == 500
    (report,) = reports
    assert step in report
    assert card.pan not in report
    assert f"'{card.cvc}'" not in report


def test_a_message_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    card, reports = issue(), []
    answer = problems.from_exception
    monkeypatch.setattr(problems, "from_exception", lambda e, r: reports.append(shown(e)) or answer(e, r))
    send("/authorizations", card.body(100, merchant="x"))
    send("/authorizations", {**card.body(100), "pan": f"{card.pan}x"})
    assert len(reports) == 2
    assert card.pan not in "".join(reports)


def test_a_row_that_cannot_be_opened() -> None:
    """Break: `clear_value` without `forgets_locals`."""
    card = issue()
    row = CardNumber.objects.get(card_id=card.card.id)
    row.enc_version += 1
    report = failure(lambda: row.pan, DecryptionFailed)
    row.pan = int(card.pan)
    report += failure(lambda: CardNumber._meta.get_field("pan").pre_save(row, add=False), EncryptedFieldError)
    assert card.pan not in report
