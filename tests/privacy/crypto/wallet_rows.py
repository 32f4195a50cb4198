"""Real rows in every column that holds sealed values, made by the product's own doors and found through its registry.

cast = Cast.play()                       # alice, bob, and a text that is nobody else's in each cell
for cell in sealed_cells(cast): cell.read()
"""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction

from cards.authorizations import exceptions, tasks
from cards.authorizations.models import QueuedCase
from cards.issuing.cards import issue_card
from cards.issuing.reveals import reveal_card
from payments.platforms.clients import first_party_client
from payments.platforms.scopes import READ, WRITE
from payments.platforms.tokens import issue_tokens
from privacy.consent import consents
from privacy.consent.models import Consent
from privacy.crypto.aead import Cell
from privacy.crypto.columns import EncryptedField
from privacy.crypto.keyring import keyring
from privacy.crypto.rows import EncryptedModel
from privacy.exposure import records, sealing
from privacy.exposure.models import Exposure
from privacy.fields import Channel
from privacy.rights import exports
from privacy.rights import tasks as rights_tasks
from privacy.rights.models import Export
from tests.cards.acquirer import issue, number_for
from tests.payments import cast as payments
from tests.payments.cast import Api
from tests.support.people import Person, sign_up
from tests.support.sealing import seal_everything
from wallet.core import clock, idempotency, outbox
from wallet.core.actors import Actor
from wallet.core.models import IdempotencyKey, OutboxEntry
from wallet.core.money import Money
from wallet.users.models import ShownCodes

assert tasks.tell_holder, "registers its topics with the outbox"
assert rights_tasks.write_export, "registers its topics with the outbox"

OURS = frozenset({"wallet", "privacy", "cards", "payments"})

#: Binary columns that hold nothing sealed, and why that is right.
IN_CLEAR = {
    "wallet_idempotencykey.scope": "a digest",
    "wallet_idempotencykey.body_hash": "a keyed digest",
    "wallet_passkey.credential_id": "public: sent by the browser before sign-in",
    "wallet_passkey.credential": "a public key",
    "wallet_recoverycode.digest": "a digest of 100 random bits",
    "wallet_ceremony.challenge": "random, once",
    "wallet_ceremony.binding": "a digest",
    "cards_networkmessage.body_hash": "a keyed digest",
    "cards_spending.locked_to": "a keyed digest",
    "cards_cardnumber.pan_index": "a blind index",
    "cards_cardnumber.pan_index_next": "a blind index",
    "payments_gatewayevent.digest": "a digest",
    "privacy_disclosure.digest": "a digest",
    "privacy_exposure.leaf": "a commitment",
    "privacy_loghead.root": "public: the root of the log",
    "privacy_logtile.hashes": "public: hashes of the log",
    "privacy_logstatement.leaf": "public: what everybody may read, or a commitment",
    "privacy_logstatement.r": "blinds the hourly state of the ledger, which is the programme's own",
    "privacy_branchkey.wrapped": "wrapped by the key provider",
    "privacy_rootkey.wrapped": "wrapped by the key provider",
    "privacy_datakey.wrapped": "wrapped by a branch key",
}


@dataclass
class Player:
    """A person, with what only they put in."""

    person: Person
    name: str
    cards: list[Any] = field(default_factory=list)

    @property
    def id(self) -> str:
        return str(self.person.holder.id)

    @property
    def wallet(self) -> Api:
        """The holder's own programs; with a token of now, as one lives five minutes and a run of all tests longer."""
        with transaction.atomic():
            tokens = issue_tokens(holder_id=self.id, platform=first_party_client(), scopes=(READ, WRITE))
        return payments.api(tokens.access_token)


@dataclass
class Cast:
    alice: Player
    bob: Player

    @classmethod
    def play(cls) -> "Cast":
        """Both do all that leaves a sealed value, twice."""
        platform = payments.platform(f"Parlour {secrets.token_hex(4)}")
        chat = payments.api(payments.chat_token(platform))
        alice, bob = Player(sign_up(), "alice"), Player(sign_up(), "bob")
        links = {who.name: _live(who, platform) for who in (alice, bob)}
        for number in range(2):
            chat.post("/v1/webhook-endpoints", {"url": f"http://127.0.0.1:{9000 + number}/"})
            for payee, payer in ((alice, bob), (bob, alice)):
                asked = chat.post(
                    "/v1/payment-requests",
                    {
                        "payee": links[payee.name].link.id, "payer": links[payer.name].link.id,
                        "amount": {"value": 500, "currency": "EUR"}, "note": _text(payee.name, "note"),
                    },
                )  # fmt: skip
                assert asked.status_code == 201, asked.content
                paid = payments.api(links[payer.name].token).post(f"/v1/payment-requests/{asked.json()['id']}/pay")
                assert paid.json()["status"] == "paid", paid.content
                sold = chat.post(
                    "/v1/checkouts",
                    {
                        "payee": links[payee.name].link.id, "payer": links[payer.name].link.id,
                        "items": [{"label": _text(payee.name, "item"), "amount": {"value": 100, "currency": "EUR"}}],
                    },
                )  # fmt: skip
                assert sold.status_code == 201, sold.content
        for entry in OutboxEntry.objects.filter(topic__startswith="cards.", done_at=None):
            outbox.work(entry.id)
        seal_everything()
        for who in (alice, bob, alice, bob):
            made = exports.request_export(holder_id=who.id, now=clock.now())
            for entry in OutboxEntry.objects.filter(ref=made.id):
                outbox.work(entry.id)
        return cls(alice, bob)


def _text(name: str, what: str) -> str:
    return f"Canary-{name}-{what}-{secrets.token_hex(3)}"


def _live(who: Player, platform: Any) -> Any:
    for number in range(2):
        payments.fund(who.person.holder, 20_000)
        card = issue_card(
            holder_id=who.id, currency="EUR", kind="standard", label=_text(who.name, "label"),
            load=Money(15_000, "EUR"), actor=Actor.holder(who.id), now=clock.now(),
        )  # fmt: skip
        who.cards.append(card)
        reveal_card(
            card=card, meant_for=_text(who.name, "meant"), channel=Channel.PAGE, request_id="req_test", now=clock.now()
        )
        used = issue(1000, holder_id=who.id, label=_text(who.name, "label"))
        shop = {"id": f"shop-{number}", "name": _text(who.name, "shop"), "mcc": "5999", "country": "FR"}
        assert used.authorize(100, merchant=shop)["approved"]
        number_for(used, shop["id"], name=_text(who.name, "place"))
        # A clearing of what was given back is a case for a person, who says why it is closed.
        given_back = used.authorize(100, merchant=shop)["authorization"]
        used.message(given_back, "reversals")
        used.message(given_back, "reversals", 50)
        exceptions.resolve(
            case_id=QueuedCase.objects.get(authorization_id=given_back).id, actor=Actor.staff("staff_test"),
            note=_text(who.name, "case"), now=clock.now(),
        )  # fmt: skip
        ShownCodes.objects.create(holder_id=who.id, codes=[_text(who.name, "code")])
    other = payments.platform(f"Salon {secrets.token_hex(4)}")
    payments.link(who.person.holder, other, card_id=who.cards[1].id, alias=_text(who.name, "alias"))
    return payments.link(who.person.holder, platform, card_id=who.cards[0].id, alias=_text(who.name, "alias"))


# --- Cells --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SealedCell:
    """One sealed value in its row."""

    table: str
    key: str
    pk: Any
    column: str
    #: "" where it is the service's.
    holder_id: str
    holder_column: str
    #: Reads it anew, as the product does.
    read: Callable[[], Any]
    #: Opens bytes as if the column held them.
    open: Callable[[bytes], Any]
    #: Of a model's field.
    cell: Cell | None = None

    @property
    def is_model(self) -> bool:
        return self.cell is not None

    @property
    def place(self) -> str:
        return f"{self.table}.{self.column}"

    @property
    def stored(self) -> bytes:
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT {self.column} FROM {self.table} WHERE "{self.key}" = %s', [self.pk])
            return bytes(cursor.fetchone()[0])


def sealed_cells(cast: Cast) -> list[SealedCell]:
    """Every sealed cell of these two people, and the service's."""
    holders = [cast.alice.id, cast.bob.id]
    return [*_of_models(holders), *_by_hand(holders)]


def _of_models(holders: list[str]) -> Iterator[SealedCell]:
    for model in apps.get_models():
        if not issubclass(model, EncryptedModel) or model._meta.app_label not in OURS:
            continue
        fields = [one for one in model._meta.local_concrete_fields if isinstance(one, EncryptedField)]
        holder_column = model.encrypted_for and str(model._meta.get_field(model.encrypted_for).column)
        rows = model._default_manager.order_by("-pk")
        chosen = rows.filter(**{f"{model.encrypted_for}__in": holders}) if model.encrypted_for else rows[:2]
        for row in chosen:
            holder_id = str(getattr(row, model.encrypted_for)) if model.encrypted_for else ""
            for one in fields:
                yield SealedCell(
                    model._meta.db_table, str(model._meta.pk.column), row.pk, str(one.column), holder_id, holder_column,
                    _reader(model, row.pk, one.name), _opener(one, row), one.cell(row),
                )  # fmt: skip


def _reader(model: type[models.Model], pk: Any, name: str) -> Callable[[], Any]:
    return lambda: getattr(model._default_manager.get(pk=pk), name)


def _opener(one: EncryptedField[Any], row: Any) -> Callable[[bytes], Any]:
    cell = one.cell(row)
    return lambda sealed: one.decode(keyring.open(sealed, cell=cell, keys=one.keys))


_EXPOSURE_DOORS: dict[str, Callable[..., Any]] = {
    "record": records.open_record,
    "body": records.open_body,
    "counter": sealing.open_counter,
    "previous": sealing.open_previous,
}


def _by_hand(holders: list[str]) -> Iterator[SealedCell]:
    for consent in Consent.objects.filter(holder_id__in=holders):
        for name in ("document", "receipt"):
            yield _manual(
                consent, f"{name}_sealed",
                lambda name=name, pk=consent.pk: getattr(consents._opened(Consent.objects.get(pk=pk)), name),
                lambda sealed, name=name, row=consent: getattr(
                    consents._opened(_with(row, f"{name}_sealed", sealed)), name
                ),
            )  # fmt: skip
    for exposure in Exposure.objects.filter(holder_id__in=holders):
        for name, door in _EXPOSURE_DOORS.items():
            who = {"exposure_id": exposure.id, "holder_id": exposure.holder_id}
            yield _manual(
                exposure, f"{name}_sealed",
                lambda pk=exposure.pk, door=door, name=name, who=who: door(
                    **{**who, "holder_id": Exposure.objects.get(pk=pk).holder_id},
                    sealed=bytes(getattr(Exposure.objects.get(pk=pk), f"{name}_sealed")),
                ),
                lambda sealed, door=door, who=who: door(**who, sealed=sealed),
            )  # fmt: skip
    for export in Export.objects.filter(holder_id__in=holders):
        yield _manual(
            export, "document_sealed",
            lambda pk=export.pk: exports.read_document(
                holder_id=Export.objects.get(pk=pk).holder_id, export_id=pk, now=clock.now()
            ),
            lambda sealed, row=export: keyring.open(sealed, cell=exports._cell(row), keys="life"),
        )  # fmt: skip
    for key in IdempotencyKey.objects.filter(holder_id__in=holders):
        yield _manual(key, "answer", lambda pk=key.pk: _answer(IdempotencyKey.objects.get(pk=pk)),
                      lambda sealed, row=key: _answer(_with(row, "answer", sealed)))  # fmt: skip


def _manual(row: models.Model, column: str, read: Callable[[], Any], opens: Callable[[bytes], Any]) -> SealedCell:
    holder_id = row.holder_id  # type: ignore[attr-defined]
    return SealedCell(
        row._meta.db_table,
        str(row._meta.pk.column),
        row.pk,
        column,
        holder_id,
        "holder_id",
        read,
        opens,
    )


def _with(row: models.Model, column: str, sealed: bytes) -> Any:
    again = type(row)(**{one.attname: getattr(row, one.attname) for one in row._meta.concrete_fields})
    setattr(again, column, sealed)
    return again


def _answer(row: IdempotencyKey) -> Any:
    scope = idempotency.Scope("", row.holder_id, "", "")
    return json.loads(
        keyring.open(bytes(row.answer), cell=idempotency._cell(row.scope, scope, row.created_at), keys="life")
    )
