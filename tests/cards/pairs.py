"""The system and the reference model side by side: each step is done to both, and then they must agree."""

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from cards.authorizations import exceptions, tasks
from cards.authorizations.models import Authorization, Chargeback, QueuedCase, Spending
from cards.issuing import cards
from cards.issuing.cards import account_of
from tests.cards import acquirer
from tests.cards.acquirer import RESTAURANT, SHOP, TestCard, issue
from tests.cards.lines import Send
from tests.cards.model import Answer, Dispute, Payment, Wallet
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.money import Money
from wallet.core.transactions import owns_transaction
from wallet.ledger import accounts, balances
from wallet.ledger.refusals import InsufficientFunds
from wallet.limits.receiving import receive

STAFF = Actor.staff("holder_staff")
_PROGRAMME = {"losses": "losses", "dispute_receivable": "receivable", "network_settlement": "network"}


def in_process(path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """A message through the views of this process."""
    answer = acquirer.send(path, body)
    return answer.status_code, json.loads(answer.content)


#: What a row says of a payment, and the model's name for it.
_COLUMNS = {
    "held_minor": "held", "authorized_minor": "authorized", "reversed_minor": "reversed", "captured_minor": "captured",
    "refunded_minor": "refunded", "refund_reversed_minor": "unrefunded", "lost_minor": "lost",
}  # fmt: skip


@dataclass
class Pair:
    """One holder's card on both sides."""

    send: Send = in_process
    load: int = 0
    daily: int | None = None
    per_transaction: int | None = None
    card: TestCard = field(init=False)
    model: Wallet = field(init=False)
    since: int = field(init=False)
    names: dict[Any, str] = field(default_factory=dict)
    last: tuple[str, dict[str, Any], dict[str, Any]] | None = None

    def __post_init__(self) -> None:
        controls = {"daily": self.daily, "per_transaction": self.per_transaction}
        self.card = issue(self.load, controls={name: most for name, most in controls.items() if most is not None})
        self.model = Wallet(card=self.load, daily=self.daily, per_transaction=self.per_transaction)
        with connection.cursor() as cursor:
            cursor.execute("SELECT coalesce(max(id), 0) FROM wallet_transfer")
            self.since = cursor.fetchone()[0]

    # --- The holder and time --------------------------------------------------------------------------

    def top_up(self, minor: int) -> None:
        self.model.top_up(minor)
        source = accounts.programme(accounts.AccountKind.SANDBOX_CLEARING, "EUR")
        owns_transaction(receive)(
            holder_id=self.card.card.holder_id, amount=Money(minor, "EUR"), source=source, key=secrets.token_hex(8),
            code="top_up", ref="test", now=clock.now(),
        )  # fmt: skip

    def load_card(self, minor: int) -> None:
        if self.model.status == "closed":
            return
        try:
            cards.load_card(card=self.card.card, amount=Money(minor, "EUR"), actor=STAFF, now=clock.now())
            has_loaded = True
        except InsufficientFunds:
            has_loaded = False
        assert self.model.load(minor) == has_loaded

    def freeze(self) -> None:
        cards.freeze_card(card=self.card.card, actor=STAFF, now=clock.now())
        self.model.status = "frozen"

    def unfreeze(self) -> None:
        cards.unfreeze_card(card=self.card.card, actor=STAFF, now=clock.now())
        self.model.status = "active"

    def close(self) -> None:
        cards.close_card(card=self.card.card, actor=STAFF, now=clock.now())
        self.model.close()

    def let_expire(self) -> None:
        """All holds of today are over, without moving the clock."""
        Authorization.objects.filter(card=self.card.card, status="approved").update(expires_at=clock.now())
        for payment in self.model.payments:
            payment.expires = min(payment.expires, self.model.day)
        self.expired(0)

    def expired(self, days: int) -> None:
        """The clock has moved by so much; the sweeper comes by."""
        while tasks.expire():
            pass
        self.model.later(days)

    def charge_all(self) -> None:
        """A person moves every loss to the holder and gives what was kept apart, oldest case first."""
        ids = Authorization.objects.filter(card=self.card.card).values_list("id", flat=True)
        for case in exceptions.show(exceptions.list_open().filter(authorization_id__in=list(ids))):
            order: dict[str, Any] = {"case_id": case.id, "actor": STAFF, "note": "their own", "now": clock.now()}
            fresh = exceptions.show([exceptions.get_case(case.id)])[0]
            if fresh.may_charge:
                exceptions.charge_to_holder(**order)
            elif fresh.may_give:
                exceptions.give_to_holder(**order)
            else:
                exceptions.resolve(**order)
        self.model.charge_all()

    # --- The network ----------------------------------------------------------------------------------

    def authorize(
        self, minor: int, *, partial: bool = False, tips: bool = False, entry: str = "ecommerce"
    ) -> Payment | None:
        merchant = RESTAURANT if tips else SHOP
        answer = self._post("/authorizations", self.card.body(minor, merchant=merchant, partial=partial, entry=entry))
        payment = self.model.authorize(minor, partial=partial, tips=tips)
        assert answer["approved"] == (payment is not None), answer
        if payment is not None:
            assert answer["approved_amount"]["value"] == payment.authorized
            self.names[payment] = answer["authorization"]
        return payment

    def declined(self, minor: int) -> Payment:
        """An authorization that was declined, which messages may name all the same."""
        assert self.authorize(minor) is None
        return self.remember_declined()

    def remember_declined(self) -> Payment:
        """The latest one."""
        payment = Payment("declined")
        self.model.payments.append(payment)
        self.names[payment] = Authorization.objects.filter(card=self.card.card).latest("decided_at").id
        return payment

    def repeat(self) -> None:
        """The last message again: the same answer, as a duplicate, and nothing moves."""
        path, body, answer = self.last or ("", {}, {})
        again = self.send(path, body)[1]
        assert again == ({**answer, "result": "duplicate"} if "result" in answer else answer)

    def increment(self, payment: Payment, minor: int) -> None:
        self._about(payment, "increments", minor, self.model.increment(payment, minor))

    def reverse(self, payment: Payment, minor: int | None = None) -> None:
        self._about(payment, "reversals", minor, self.model.reverse(payment, minor))

    def capture(self, payment: Payment, minor: int, *, final: bool = False, part: int = 0, of: int = 0) -> None:
        more: dict[str, Any] = {"sequence": part, "of": of} if part else {}
        expected = self.model.capture(payment, minor, final=final, part=part, of=of)
        self._about(payment, "captures", minor, expected, final=final, **more)

    def force_post(self, minor: int) -> Payment:
        payment, expected = self.model.force_post(minor)
        body = {"pan": self.card.pan, "amount": eur(minor), "merchant": SHOP, "network_ref": secrets.token_hex(8)}
        self.names[payment] = str(self._compare(self._post("/captures", body), expected)["authorization"])
        return payment

    def refund(self, payment: Payment | None, minor: int) -> Payment:
        named = {"pan": self.card.pan} if payment is None else {"authorization": self.names[payment]}
        made, expected = self.model.refund(payment, minor)
        body = {"amount": eur(minor), "merchant": SHOP, "network_ref": secrets.token_hex(8), **named}
        self.names[made] = str(self._compare(self._post("/refunds", body), expected)["authorization"])
        return made

    def unrefund(self, payment: Payment, minor: int) -> None:
        self._about(payment, "refund-reversals", minor, self.model.unrefund(payment, minor))

    def dispute(self, payment: Payment, minor: int) -> Dispute:
        dispute, expected = self.model.dispute(payment, minor)
        self.names[dispute] = self._about(payment, "chargebacks", minor, expected)["chargeback"]
        return dispute

    def win(self, dispute: Dispute) -> None:
        self._decide(dispute, "won", self.model.win(dispute))

    def lose(self, dispute: Dispute) -> None:
        self._decide(dispute, "lost", self.model.lose(dispute))

    def _decide(self, dispute: Dispute, outcome: str, expected: Answer) -> None:
        path = f"/chargebacks/{self.names[dispute]}/{outcome}"
        self._compare(self._post(path, {"network_ref": secrets.token_hex(8)}), expected)

    def _about(self, payment: Payment, what: str, minor: int | None, expected: Answer, **more: Any) -> dict[str, Any]:
        body = {"network_ref": secrets.token_hex(8), **more, **({} if minor is None else {"amount": eur(minor)})}
        return self._compare(self._post(f"/authorizations/{self.names[payment]}/{what}", body), expected)

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        status, answer = self.send(path, body)
        assert status == 200, answer
        self.last = (path, body, answer)
        return answer

    def _compare(self, answer: dict[str, Any], expected: Answer) -> dict[str, Any]:
        found = (answer["result"], answer["held"]["value"], answer["captured"]["value"])
        assert found == expected, f"{self.last}: {found}, and the model says {expected}"
        return answer

    # --- What must agree ------------------------------------------------------------------------------

    def check(self) -> None:
        """Every balance, every payment, every window."""
        model = self.model
        money = balances.of_account(account_of(self.card.card))
        holder = self.card.card.holder_id
        found = {
            "card": money.available.minor,
            "held": money.held.minor,
            "main": balances.available(accounts.main(holder, "EUR")).minor,
            "owed": balances.available(accounts.shortfall(holder, "EUR")).minor,
            **self._programme(),
            **self._windows(),
            "payments": self._payments(),
            "disputes": self._disputes(),
            "at a loss": sum(case.lost.minor > 0 for case in self._cases()),
        }
        expected = {
            "card": model.card,
            "held": sum(payment.held for payment in self.names if isinstance(payment, Payment)),
            "main": model.main,
            "owed": model.owed,
            "losses": model.losses,
            "receivable": model.receivable,
            "network": model.network,
            "day": model.spent[model.day],
            "lifetime": model.lifetime,
            "payments": sorted(
                (self.names[one], one.status, *(getattr(one, name) for name in _COLUMNS.values()))
                for one in self.names if isinstance(one, Payment)
            ),
            "disputes": sorted(
                (self.names[one], one.status, one.credited) for one in self.names if isinstance(one, Dispute)
            ),
            "at a loss": sum(min(lost, payment.lost) > 0 for payment, lost, _kept in model.cases),
        }  # fmt: skip
        assert found == expected, f"after {self.last}"

    def _programme(self) -> dict[str, int]:
        """What came to the programme's accounts since this pair began; nobody else moves money meanwhile."""
        found = dict.fromkeys(_PROGRAMME.values(), 0)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT a.kind, sum(CASE WHEN t.credit_account = a.id THEN t.amount ELSE -t.amount END)::bigint"
                " FROM wallet_transfer t JOIN wallet_account a ON a.id IN (t.debit_account, t.credit_account)"
                " WHERE t.id > %s AND t.op IN ('post', 'settle') AND a.kind = ANY(%s) GROUP BY a.kind",
                [self.since, list(_PROGRAMME)],
            )
            found.update({_PROGRAMME[kind]: minor for kind, minor in cursor.fetchall()})
        return found

    def _windows(self) -> dict[str, int]:
        row = Spending.objects.filter(card=self.card.card).first()
        if row is None:
            return {"day": 0, "lifetime": 0}
        return {"day": row.day_minor if row.day == clock.now().date() else 0, "lifetime": row.lifetime_minor}

    def _payments(self) -> list[tuple[Any, ...]]:
        known = [name for thing, name in self.names.items() if isinstance(thing, Payment)]
        rows = Authorization.objects.filter(id__in=known)
        return sorted(rows.values_list("id", "status", *_COLUMNS))

    def _disputes(self) -> list[tuple[Any, ...]]:
        rows = Chargeback.objects.filter(authorization__card=self.card.card)
        return sorted(rows.values_list("id", "status", "credited_minor"))

    def _cases(self) -> list[exceptions.Case]:
        ids = [name for thing, name in self.names.items() if isinstance(thing, Payment)]
        return exceptions.show(QueuedCase.objects.filter(authorization_id__in=ids, status="open"))


def eur(minor: int) -> dict[str, Any]:
    return {"value": minor, "currency": "EUR"}
