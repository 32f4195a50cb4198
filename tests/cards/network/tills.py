"""A shop's till on each network: the same things are done there, whoever carries the message.

def test_…(till: Till):
    paid = till.pay(3000)
    till.capture(paid, 2500, final=True)
    assert till.on_card == (2500, 0)
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from cards.authorizations import tasks
from cards.authorizations.models import Authorization
from cards.issuing.models import Card
from cards.issuing.networks import network
from tests.cards.acquirer import SHOP, TestCard, send
from tests.cards.network.issuing_cast import Issuing, call, card_of, on_card, run_worker
from tests.support.people import Person
from wallet.core import clock
from wallet.core.models import OutboxEntry


@dataclass(frozen=True, slots=True)
class Paid:
    """What the shop has heard: its own name for the payment, and the amount; "" and 0 for a no."""

    ref: str
    minor: int

    def __bool__(self) -> bool:
        return bool(self.ref)


class Carrier(Protocol):
    """How the messages of a shop travel."""

    def pay(self, minor: int, *, merchant: str, code: str, is_chip: bool, is_partial: bool) -> Paid: ...
    def increment(self, paid: Paid, minor: int) -> bool: ...
    def capture(self, paid: Paid, minor: int, *, final: bool) -> str: ...
    def reverse(self, paid: Paid, minor: int | None) -> None: ...
    def refund(self, paid: Paid | None, minor: int) -> None: ...
    def force(self, minor: int) -> None: ...
    def dispute(self, captured: str, minor: int) -> str: ...
    def end_dispute(self, dispute: str, *, is_won: bool) -> None: ...


@dataclass
class Till:
    """One person's card at a shop."""

    person: Person
    card: str
    carrier: Carrier

    def pay(
        self, minor: int, *, merchant: str = "", code: str = "right", is_chip: bool = False, is_partial: bool = False
    ) -> Paid:  # fmt: skip
        return self.carrier.pay(minor, merchant=merchant, code=code, is_chip=is_chip, is_partial=is_partial)

    @property
    def on_card(self) -> tuple[int, int]:
        """Free and held."""
        return on_card(self.person, self.card)

    @property
    def reasons(self) -> list[str]:
        """Why payments were refused, by the alphabet: Stripe's times are whole seconds."""
        kept = Authorization.objects.filter(card_id=self.card)
        for entry in OutboxEntry.objects.filter(topic="cards.authorization", ref__in=kept.values("id"), done_at=None):
            tasks.tell_holder(entry)
            OutboxEntry.objects.filter(id=entry.id).update(done_at=clock.now())
        return sorted(kept.filter(status="declined").values_list("reason", flat=True))

    def do(self, act: str) -> None:
        """The holder freezes or closes the card."""
        assert call(self.person, f"/v1/cards/{self.card}/{act}").status_code == 200
        run_worker()

    def rule(self, **controls: object) -> None:
        """The holder changes what the card may be used for."""
        changed = call(self.person, f"/v1/cards/{self.card}", {"controls": controls}, method="patch")
        assert changed.status_code == 200, changed.content
        run_worker()


@dataclass
class SandboxCarrier:
    """`/sandbox/network` with the number that the shop has."""

    card: TestCard

    def pay(self, minor: int, *, merchant: str, code: str, is_chip: bool, is_partial: bool) -> Paid:
        said = self.card.authorize(
            minor, merchant={**SHOP, "id": merchant or SHOP["id"]}, partial=is_partial,
            cvc=None if is_chip else self.card.cvc if code == "right" else self.card.wrong_cvc,
            entry="chip" if is_chip else "ecommerce",
        )  # fmt: skip
        return Paid(said["authorization"], said["approved_amount"]["value"]) if said["approved"] else Paid("", 0)

    def increment(self, paid: Paid, minor: int) -> bool:
        return bool(self.card.message(paid.ref, "increments", minor)["result"] == "applied")

    def capture(self, paid: Paid, minor: int, *, final: bool) -> str:
        self.card.message(paid.ref, "captures", minor, final=final)
        return paid.ref

    def reverse(self, paid: Paid, minor: int | None) -> None:
        self.card.message(paid.ref, "reversals", minor)

    def refund(self, paid: Paid | None, minor: int) -> None:
        self.card.refund(minor, **({"authorization": paid.ref} if paid else {}))

    def force(self, minor: int) -> None:
        self.card.force_post(minor)

    def dispute(self, captured: str, minor: int) -> str:
        return str(self.card.message(captured, "chargebacks", minor)["chargeback"])

    def end_dispute(self, dispute: str, *, is_won: bool) -> None:
        body = {"network_ref": secrets.token_hex(8)}
        assert send(f"/chargebacks/{dispute}/{'won' if is_won else 'lost'}", body).status_code == 200


@dataclass
class StripeCarrier:
    """Stripe's double, which asks our webhook while it waits, and tells of the rest."""

    issuing: Issuing
    number: str

    def pay(self, minor: int, *, merchant: str, code: str, is_chip: bool, is_partial: bool) -> Paid:
        checked = "not_provided" if is_chip else "match" if code == "right" else "mismatch"
        with self.told():
            said = self.issuing.pay(
                self.number, minor, method="chip" if is_chip else "online", cvc=checked, is_partial=is_partial,
                merchant={"network_id": merchant or SHOP["id"]},
            )  # fmt: skip
        return Paid(said["authorization"], said["amount"]) if said["approved"] else Paid("", 0)

    def increment(self, paid: Paid, minor: int) -> bool:
        with self.told():
            return bool(self.issuing.pay(self.number, minor, authorization=paid.ref)["approved"])

    def capture(self, paid: Paid, minor: int, *, final: bool) -> str:
        with self.told():
            return str(self.issuing.do("issuing-capture", authorization=paid.ref, amount=minor, final=final)["id"])

    def reverse(self, paid: Paid, minor: int | None) -> None:
        with self.told():
            self.issuing.do("issuing-reverse", authorization=paid.ref, amount=minor)

    def refund(self, paid: Paid | None, minor: int) -> None:
        whom = {"authorization": paid.ref} if paid else {"card": self.issuing.at_stripe(self.number)["id"]}
        with self.told():
            self.issuing.do("issuing-refund", amount=minor, **whom)

    def force(self, minor: int) -> None:
        with self.told():
            self.issuing.do("issuing-force", card=self.issuing.at_stripe(self.number)["id"], amount=minor)

    def dispute(self, captured: str, minor: int) -> str:
        with self.told():
            return str(self.issuing.do("issuing-dispute", transaction=captured, amount=minor)["id"])

    def end_dispute(self, dispute: str, *, is_won: bool) -> None:
        with self.told():
            self.issuing.do("issuing-end-dispute", dispute=dispute, status="won" if is_won else "lost")

    @contextmanager
    def told(self) -> Iterator[None]:
        """What Stripe tells of it comes at once."""
        since = self.issuing.seen
        yield
        self.issuing.deliver(since=since)


def open_till(person: Person, issuing: Issuing | None, load: int, *, place: str = "", **more: object) -> Till:
    """A new card with so much on it, at a shop of one network; with `place`, its number for that place."""
    card = card_of(person, load, **more)
    number = card
    if place:
        made = call(person, f"/v1/cards/{card}/numbers", {"merchant": place, "name": "A place"})
        assert made.status_code == 201, made.content
        number = str(made.json()["id"])
        run_worker()
    if issuing is not None:
        return Till(person, card, StripeCarrier(issuing, number))
    shown = network().reveal(card_id=card, number_id=number if place else None)
    its = TestCard(Card.objects.get(id=card), shown.pan.reveal(), shown.expiry, shown.cvc.reveal())
    return Till(person, card, SandboxCarrier(its))
