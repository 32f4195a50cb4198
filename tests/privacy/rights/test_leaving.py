"""Somebody leaves: what ends, what is waited for, what is destroyed, and what stays with others (standard.md C09, V09)."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client

from cards.authorizations.models import Chargeback
from cards.issuing.models import Card
from payments.platforms.models import Link
from payments.requests.models import RequestSide
from payments.topups.models import TopUp
from payments.webhooks.deliveries import take_in
from payments.webhooks.models import Event
from privacy.crypto.keyring import KeyDestroyed, keyring
from privacy.exposure import sealing
from privacy.rights import erasing, inventory, kinds, leaving
from privacy.rights.models import Erasure, ErasureStatus
from tests.payments import cast
from tests.privacy.rights import lives
from tests.privacy.rights.lives import Life, spend
from tests.support.people import Person, post_json, sign_up
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.models import OutboxEntry
from wallet.core.money import Money
from wallet.ledger import accounts, transfers
from wallet.ledger.accounts import AccountKind
from wallet.ledger.refusals import TransferInvalid
from wallet.ledger.transfers import Op, Transfer
from wallet.users import freezes
from wallet.users.models import Ceremony, Holder

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _the_log_is_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sealer is another process, and works on what is committed; here every test is one open transaction."""
    monkeypatch.setattr(erasing, "is_sealed", lambda _holder_id: True)


@pytest.fixture
def alice() -> Person:
    return sign_up()


@pytest.fixture
def life(alice: Person) -> Life:
    return lives.live(alice.holder)


def leave(holder: Holder) -> ErasureStatus | None:
    erasing.request_erasure(holder_id=holder.id, actor=Actor.holder(holder.id), now=clock.now())
    return erasing.carry_on(holder_id=holder.id, now=clock.now())


def erased(holder: Holder) -> None:
    leave(holder)
    spend(holder)
    assert erasing.carry_on(holder_id=holder.id, now=clock.now()) is ErasureStatus.DONE


def ask(person: Person) -> Any:
    return person.client.post(
        "/v1/erasure", content_type="application/json", headers={"idempotency-key": cast.secrets.token_hex(8)}
    )


def test_money_that_is_left_needs_a_destination_and_is_named(alice: Person, life: Life) -> None:
    """Break: `carry_on` erases whatever is left."""
    alice.step_up()
    asked = ask(alice)
    assert (asked.status_code, asked.json()["status"]) == (202, "requested"), asked.content
    lives.work_on(alice.holder.id)
    told = alice.client.get("/v1/erasure").json()
    assert told["status"] == "needs_destination"
    free = [one["free"] for one in told["left"] if one["free"]["value"]]
    assert free == [{"value": 4_300, "currency": "EUR"}]
    assert not Link.objects.filter(holder_id=alice.holder.id, status="active").exists()
    assert not Card.objects.filter(holder_id=alice.holder.id).exclude(status="closed").exists()
    page = alice.client.get("/privacy/leave").content.decode()
    assert "There is money left" in page
    assert "43.00" in page


def test_what_can_pay_out_is_asked_and_waited_for(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """Break: `carry_on` does not call `pay_out`."""
    asked = []
    monkeypatch.setattr(leaving, "_PAYOUTS", [lambda holder_id, _now: bool(asked.append(holder_id)) or True])
    assert leave(life.holder) is ErasureStatus.PAYING_OUT
    assert asked == [life.holder.id]
    spend(life.holder)
    assert erasing.carry_on(holder_id=life.holder.id, now=clock.now()) is ErasureStatus.DONE


def test_afterwards_nothing_opens_nothing_signs_in_and_rows_are_gone(alice: Person, life: Life) -> None:
    """Break: leave the erasing of one kind out, or `keyring.destroy`."""
    erased(alice.holder)
    me = alice.holder.id
    for table in inventory.tables():
        if not (table.person and table.kind):
            continue
        rows = kinds.rows_of(table, me)
        if table.clock in kinds.ENDS_WITH_HOLDER:
            assert not rows.exists(), table.name
        sealed = [one for one in table.columns if one.key == "life" and not one.name.endswith("_sealed")]
        for row in rows[:3]:
            for one in sealed:
                if table.name != "wallet_idempotencykey":
                    with pytest.raises(KeyDestroyed):
                        getattr(row, one.name)
    assert alice.client.get("/privacy").status_code == 302
    options = post_json(Client(), "/sign-in/passkey/begin").json()["publicKey"]
    refused = post_json(Client(), "/sign-in/passkey/finish", {"credential": alice.key.get(options)})
    assert refused.status_code >= 400
    assert cast.api(life.linked.token).get("/v1/link").status_code == 401
    row = Holder.objects.get(pk=me)
    assert (row.is_active, row.username, row.has_usable_password()) == (False, None, False)


def test_each_platform_hears_one_last_word(life: Life) -> None:
    """settled.md 12. Break: delete links without `end_link`."""
    erased(life.holder)
    for entry in OutboxEntry.objects.filter(topic="platform.event", ref=life.linked.link.id):
        take_in(entry)
    told = Event.objects.filter(payee_link=life.linked.link.id, type="link.revoked")
    assert told.count() == 1


def test_the_others_copy_stays_and_mine_is_gone(life: Life) -> None:
    """settled.md 7: what two people share is stored twice. Break: one cell under one key."""
    erased(life.holder)
    mine, theirs = (
        RequestSide.objects.get(request_id=life.request_id, holder_id=one.id)
        for one in (life.holder, life.other.holder)
    )
    with pytest.raises(KeyDestroyed):
        _note = mine.note
    assert theirs.note == life.words["note"]
    assert theirs.other_alias.startswith(life.words["alias"])
    other = Client()
    other.force_login(life.other.holder, backend="django.contrib.auth.backends.ModelBackend")
    for path in ("/requests", "/activity", "/inbox", "/privacy", f"/links/{life.other.link.id}"):
        assert other.get(path).status_code == 200, path


def test_money_that_is_held_is_waited_for(life: Life) -> None:
    """Break: look at free money alone."""
    leave(life.holder)
    spend(life.holder)
    cast.fund(life.holder, 500)
    with transaction.atomic():
        main = accounts.main(life.holder.id, "EUR")
        sink = accounts.programme(AccountKind.SANDBOX_CLEARING, "EUR")
        (hold,) = transfers.post(
            [Transfer(Op.HOLD, f"t:{cast.secrets.token_hex(8)}", main, sink, Money(500, "EUR"), "test", "auth_t")]
        )
    assert erasing.carry_on(holder_id=life.holder.id, now=clock.now()) is ErasureStatus.PAYING_OUT
    assert [one.held for one in erasing.standing(life.holder.id).left] == [Money(500, "EUR")]
    with transaction.atomic():
        transfers.post(
            [
                Transfer(
                    Op.SETTLE,
                    f"t:{cast.secrets.token_hex(8)}",
                    main,
                    sink,
                    Money(500, "EUR"),
                    "test",
                    "auth_t",
                    hold=hold.id,
                )
            ]
        )
    assert erasing.carry_on(holder_id=life.holder.id, now=clock.now()) is ErasureStatus.DONE


def test_money_that_comes_in_the_last_moment_stops_it(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """Break: `_erase_rows` without `seal_all`: the account stays open, and the money is nobody's."""
    leave(life.holder)
    spend(life.holder)
    real = leaving.seal_all

    def late(holder_id: str) -> None:
        cast.fund(life.holder, 100)
        real(holder_id)

    monkeypatch.setattr(leaving, "seal_all", late)
    with pytest.raises(TransferInvalid), transaction.atomic():
        erasing.carry_on(holder_id=life.holder.id, now=clock.now())
    monkeypatch.undo()
    assert life.card.label == life.words["label"]
    assert Holder.objects.get(pk=life.holder.id).is_active


@pytest.mark.parametrize("place", ["run_steps", "_erase_rows", "commit", "destroy", "_move"])
def test_killed_anywhere_it_goes_on(life: Life, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Break: destroy the key in the transaction that erases rows."""

    class Killed(BaseException):
        """What no `except Exception` catches."""

    def die(*_arguments: Any, **_named: Any) -> None:
        raise Killed

    spend_first = place != "run_steps"
    if spend_first:
        leave(life.holder)
        spend(life.holder)
    patch = pytest.MonkeyPatch()
    target: Any = {"run_steps": leaving, "destroy": keyring}.get(place, erasing)
    if place == "commit":
        erase_rows = erasing._erase_rows

        def roll_back(holder_id: str, now: Any) -> None:
            with transaction.atomic():
                erase_rows(holder_id, now)
                die()

        patch.setattr(erasing, "_erase_rows", roll_back)
    elif place == "_move":
        # The key is destroyed, and the word that it is done is never written.
        real = erasing._move
        patch.setattr(
            erasing,
            "_move",
            lambda holder_id, event, **more: die() if event == "erase" else real(holder_id, event, **more),
        )
    else:
        patch.setattr(target, place, die)
    with pytest.raises(Killed), transaction.atomic():
        erasing.request_erasure(holder_id=life.holder.id, actor=Actor.holder(life.holder.id), now=clock.now())
        erasing.carry_on(holder_id=life.holder.id, now=clock.now())
    patch.undo()
    if place != "_move":
        assert Card.objects.get(pk=life.card.id).label == life.words["label"], "the key outlives what is rolled back"
    if not spend_first:
        leave(life.holder)
        spend(life.holder)
    assert erasing.carry_on(holder_id=life.holder.id, now=clock.now()) is ErasureStatus.DONE
    with pytest.raises(KeyDestroyed):
        _label = Card.objects.get(pk=life.card.id).label


def test_two_who_carry_on_at_once_both_come_to_the_end(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command beside the worker. Break: refuse a move that somebody else has made (`STATES.after` in `_move`)."""
    leave(life.holder)
    spend(life.holder)
    real = leaving.run_steps

    def overtaken(holder_id: str, now: Any) -> None:
        monkeypatch.setattr(leaving, "run_steps", real)
        real(holder_id, now)
        assert erasing.carry_on(holder_id=holder_id, now=now) is ErasureStatus.DONE

    with transaction.atomic():
        erasing.request_erasure(holder_id=life.holder.id, actor=Actor.holder(life.holder.id), now=clock.now())
    Erasure.objects.filter(pk=life.holder.id).update(status=ErasureStatus.REQUESTED)
    monkeypatch.setattr(leaving, "run_steps", overtaken)
    assert erasing.carry_on(holder_id=life.holder.id, now=clock.now()) is ErasureStatus.DONE


def test_it_waits_for_the_last_seal(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """settled.md 6. Break: destroy the key while exposures are unsealed."""
    leave(life.holder)
    spend(life.holder)
    monkeypatch.setattr(erasing, "is_sealed", sealing.is_sealed)
    assert erasing.carry_on(holder_id=life.holder.id, now=clock.now()) is ErasureStatus.PAYING_OUT
    assert life.card.label == life.words["label"]


def test_disputes_and_debts_are_named_and_a_freeze_holds_everything(alice: Person, life: Life) -> None:
    """V11: a legal hold is visible. Break: `carry_on` does not look at `named_of`."""
    with transaction.atomic():
        payment = _payment(life)
        Chargeback.objects.create(authorization=payment, amount_minor=300, currency="EUR")
        freezes.freeze_holder(
            holder_id=alice.holder.id,
            actor=Actor.system("test"),
            reason_code="legal_order",
            reason="An order of a court.",
            now=clock.now(),
        )
    assert leave(alice.holder) is ErasureStatus.REQUESTED
    told = {one.what: one for one in erasing.standing(alice.holder.id).named}
    assert told["dispute"].amount == Money(300, "EUR")
    assert told["frozen"].is_waited_for
    assert "Your wallet is frozen" in alice.client.get("/privacy/leave").content.decode()
    assert Link.objects.get(pk=life.linked.link.id).status == "active"
    alice.step_up()
    assert ask(alice).status_code == 403


def _payment(life: Life) -> Any:
    from cards.authorizations.models import Authorization

    return Authorization.objects.create(
        card=life.card,
        holder_id=life.holder.id,
        status="captured",
        currency="EUR",
        requested_minor=300,
        mcc="5812",
        country="FR",
        entry="ecommerce",
        response_code="00",
        merchant={"id": "m", "name": "Shop", "mcc": "5812", "country": "FR"},
    )


def test_a_top_up_on_its_way_is_waited_for(life: Life) -> None:
    """Break: `pending_of` is not waited for, and the money comes to nobody."""
    leave(life.holder)
    spend(life.holder)
    coming = TopUp.objects.create(
        holder_id=life.holder.id, amount_minor=900, currency="EUR", status="pending", gateway="sandbox"
    )
    assert erasing.carry_on(holder_id=life.holder.id, now=clock.now()) is ErasureStatus.PAYING_OUT
    TopUp.objects.filter(pk=coming.pk).update(status="failed")
    assert erasing.carry_on(holder_id=life.holder.id, now=clock.now()) is ErasureStatus.DONE


def test_leaving_needs_the_passkey_of_a_few_minutes_ago(alice: Person) -> None:
    """Break: `post` without `stepup.require`."""
    assert ask(alice).status_code == 403
    assert alice.client.post("/privacy/leave").headers["Location"].startswith("/step-up")
    alice.step_up()
    Ceremony.objects.filter(holder=alice.holder).update(verified_at=clock.now() - timedelta(minutes=6))
    assert ask(alice).status_code == 403
    assert not Erasure.objects.filter(pk=alice.holder.id).exists()
    assert alice.client.get("/v1/erasure").status_code == 404


def test_the_law_keys_go_when_their_clock_ends(life: Life) -> None:
    """V11. Break: `end_law` looks at `done_at`."""
    payment = _payment(life)
    erased(life.holder)
    opened = type(payment).objects.get(pk=payment.pk)
    assert opened.merchant["name"] == "Shop"
    now = clock.now()
    erasing.end_law(now=now + timedelta(days=5 * 365 - 1))
    assert Erasure.objects.get(pk=life.holder.id).law_done_at is None
    # Others' clocks may have ended by then too; the keys of this one have.
    erasing.end_law(now=now + timedelta(days=5 * 365 + 3))
    assert Erasure.objects.get(pk=life.holder.id).law_done_at is not None
    with pytest.raises(KeyDestroyed):
        _merchant = type(payment).objects.get(pk=payment.pk).merchant


def test_the_command_says_how_far_it_is(life: Life) -> None:
    said = StringIO()
    call_command("erase_holder", "--holder", life.holder.id, "--wait", "0", "--json", stdout=said)
    answer = json.loads(said.getvalue())
    assert (answer["holder"], answer["status"]) == (life.holder.id, "needs_destination")
    spend(life.holder)
    said = StringIO()
    call_command("erase_holder", "--holder", life.holder.id, "--wait", "0", "--json", stdout=said)
    assert json.loads(said.getvalue())["status"] == "done"
    with pytest.raises(CommandError):
        call_command("erase_holder", "--holder", "holder_nobody", "--json", stdout=StringIO())


def test_what_is_kept_stands_on_a_page_in_both_languages() -> None:
    """Break: leave the clocks of sealed columns out of `_clocks`."""
    client = Client()
    page = client.get("/privacy/kept").content.decode()
    assert "Until you leave" in page
    assert "Five years after you have left" in page
    assert "art. 40(1)" in page
    french = client.get("/privacy/kept", headers={"accept-language": "fr"}).content.decode()
    assert "Cinq ans après votre départ" in french
