"""The holder's card API. The pages call the same services."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from cards.issuing import bodies, cards, networks, place_numbers, reveals
from cards.issuing.controls import Controls
from cards.issuing.models import Card
from cards.issuing.place_numbers import Place, Token
from privacy.fields import Channel
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.api import ScopeMissing, cursor_page
from wallet.core.errors import Invalid
from wallet.core.holder_api import Answer, HolderView, is_session
from wallet.core.members import NoMembers
from wallet.core.requests import request_id_of
from wallet.users import stepup
from wallet.users.acts import Act, may
from wallet.users.models import Holder

#: There may not be enough of it.
_MONEY = {"POST": frozenset({402})}


class _Cards(HolderView):
    """What card views share."""

    def own(self, request: Request, card: str) -> Card:
        """The asker's own card; another's is not found."""
        return cards.get_card(self.holder_id(request), card)

    def actor(self, request: Request) -> Actor:
        """The asker."""
        return Actor.holder(self.holder_id(request))

    def reveal(
        self, request: Request, card: Card, *, nonce: str | None, number_id: str = "", meant_for: str = ""
    ) -> Answer:  # fmt: skip
        """A number after a fresh step-up; `only_in_person` comes first."""
        now = clock.now()
        may(cast("Holder", request.user), Act.REVEAL, now)
        stepup.require(request._request)  # noqa: SLF001 - DRF keeps Django's request there
        request_id = request_id_of(request._request)  # noqa: SLF001 - as above
        if networks.network().keeps_numbers:
            if not nonce:
                raise Invalid("is needed: the card network keeps this number", pointer="/nonce")
            there = reveals.show_there(
                card=card, nonce=nonce, number_id=number_id, meant_for=meant_for, channel=Channel.API,
                request_id=request_id, now=now,
            )  # fmt: skip
            return Answer(
                200,
                {
                    "network_card": there.network_card, "ephemeral_key": there.ephemeral_key.reveal(),
                    "nonce": there.nonce,
                },
            )  # fmt: skip
        shown = reveals.reveal_card(
            card=card, number_id=number_id, meant_for=meant_for, channel=Channel.API, request_id=request_id, now=now
        ).revealed
        return Answer(200, {"pan": shown.pan.reveal(), "expiry": shown.expiry, "cvc": shown.cvc.reveal()})

    def shown(self, card: Card, status: int = 200) -> Answer:
        """The card as it is now."""
        return Answer(status, bodies.card_body(cards.view_card(card)))


class CardsView(_Cards):
    """All cards of the holder."""

    problems: ClassVar[Mapping[str, frozenset[int]]] = _MONEY

    @extend_schema(operation_id="cards_list", responses=bodies.CardPage)
    def get(self, request: Request) -> Answer:
        """Newest first, closed ones too."""
        found, cursor = cursor_page(cards.list_cards(self.holder_id(request)), request)
        shown = cards.view_cards(found, self.holder_id(request))
        return Answer(200, {"data": [bodies.card_body(view) for view in shown], "next_cursor": cursor})

    @extend_schema(operation_id="cards_create", request=bodies.NewCardBody, responses={201: bodies.CardShown})
    def post(self, request: Request) -> Answer:
        """Make a card with a number of its own."""
        values = self.parse(bodies.NewCardBody, request)
        now = clock.now()
        _may_issue(request)
        card = cards.issue_card(
            holder_id=self.holder_id(request), currency=values["currency"], kind=values["kind"],
            label=values["label"] or "", link_ref=values["link"], load=values["load"],
            actor=self.actor(request), now=now,
            controls=bodies.changed_controls(Controls(), values["controls"], values["currency"]),
        )  # fmt: skip
        return self.shown(card, 201)


class CardDetailView(_Cards):
    """One card."""

    @extend_schema(operation_id="cards_retrieve", responses=bodies.CardShown)
    def get(self, request: Request, card: str) -> Answer:
        """The card, its balance and its rules."""
        return self.shown(self.own(request, card))

    @extend_schema(operation_id="cards_change", request=bodies.CardChangesBody, responses=bodies.CardShown)
    def patch(self, request: Request, card: str) -> Answer:
        """Another label, other rules."""
        found = self.own(request, card)
        values = self.parse(bodies.CardChangesBody, request)
        controls = None
        if "controls" in values:
            before = Controls.from_json(found.controls)
            controls = bodies.changed_controls(before, values["controls"], found.currency)
        changed = cards.change_card(
            card=found, label=values.get("label"), controls=controls, actor=self.actor(request), now=clock.now()
        )
        return self.shown(changed)


class CardLoadView(_Cards):
    """Money from the wallet to the card."""

    problems: ClassVar[Mapping[str, frozenset[int]]] = _MONEY

    @extend_schema(operation_id="cards_load", request=bodies.AmountBody, responses=bodies.CardShown)
    def post(self, request: Request, card: str) -> Answer:
        """Load."""
        found = self.own(request, card)
        values = self.parse(bodies.AmountBody, request)
        _may_issue(request)
        return self.shown(
            cards.load_card(card=found, amount=values["amount"], actor=self.actor(request), now=clock.now())
        )


class CardUnloadView(_Cards):
    """Money from the card back to the wallet."""

    problems: ClassVar[Mapping[str, frozenset[int]]] = _MONEY

    @extend_schema(operation_id="cards_unload", request=bodies.AmountBody, responses=bodies.CardShown)
    def post(self, request: Request, card: str) -> Answer:
        """Unload what is not held."""
        found = self.own(request, card)
        values = self.parse(bodies.AmountBody, request)
        return self.shown(
            cards.unload_card(card=found, amount=values["amount"], actor=self.actor(request), now=clock.now())
        )


class CardFreezeView(_Cards):
    """Stop new payments."""

    @extend_schema(operation_id="cards_freeze", request=NoMembers, responses=bodies.CardShown)
    def post(self, request: Request, card: str) -> Answer:
        """Freeze; what is held still settles."""
        self.parse(NoMembers, request)
        found = self.own(request, card)
        return self.shown(cards.freeze_card(card=found, actor=self.actor(request), now=clock.now()))


class CardUnfreezeView(_Cards):
    """Let it pay again."""

    @extend_schema(operation_id="cards_unfreeze", request=NoMembers, responses=bodies.CardShown)
    def post(self, request: Request, card: str) -> Answer:
        """Unfreeze."""
        self.parse(NoMembers, request)
        found = self.own(request, card)
        return self.shown(cards.unfreeze_card(card=found, actor=self.actor(request), now=clock.now()))


class CardCloseView(_Cards):
    """End it for good."""

    @extend_schema(operation_id="cards_close", request=NoMembers, responses=bodies.CardShown)
    def post(self, request: Request, card: str) -> Answer:
        """Close; its money goes back to the wallet."""
        self.parse(NoMembers, request)
        found = self.own(request, card)
        return self.shown(cards.close_card(card=found, actor=self.actor(request), now=clock.now()))


class CardRevealView(_Cards):
    """The number, to its owner alone."""

    #: What it answers is kept nowhere, so nothing can be replayed.
    idempotent: ClassVar[bool] = False

    @extend_schema(operation_id="cards_reveal", request=bodies.RevealBody, responses=bodies.RevealShown)
    def post(self, request: Request, card: str) -> Answer:
        """Number, expiry and code, in a first-party session after a step-up of at most 5 minutes; no token ever."""
        _only_in_person(request)
        found = self.own(request, card)
        values = self.parse(bodies.RevealBody, request)
        return self.reveal(request, found, nonce=values["nonce"], meant_for=values["for"] or "")


class NumbersView(_Cards):
    """The numbers of a card for one place each."""

    @extend_schema(operation_id="numbers_list", responses=bodies.NumberPage)
    def get(self, request: Request, card: str) -> Answer:
        """Newest first, ended ones too; the card's own number stands on the card."""
        found = self.own(request, card)
        rows, cursor = cursor_page(place_numbers.list_numbers(found), request)
        return Answer(
            200, {"data": [_number_shown(found, place_numbers.view(row)) for row in rows], "next_cursor": cursor}
        )  # fmt: skip

    @extend_schema(operation_id="numbers_create", request=bodies.NewNumberBody, responses={201: bodies.NumberShown})
    def post(self, request: Request, card: str) -> Answer:
        """Make a number that works at one linked platform, or at one merchant, and nowhere else."""
        found = self.own(request, card)
        values = self.parse(bodies.NewNumberBody, request)
        _may_issue(request)
        place = Place(link=values["link"] or "", merchant=values["merchant"] or "", name=values["name"] or "")
        token = place_numbers.make_number(
            card=found, place=place, limits=bodies.limits_of(values, found.currency), actor=self.actor(request),
            now=clock.now(),
        )  # fmt: skip
        return Answer(201, _number_shown(found, token))


class NumberDetailView(_Cards):
    """One number for one place."""

    @extend_schema(operation_id="numbers_retrieve", responses=bodies.NumberShown)
    def get(self, request: Request, card: str, number: str) -> Answer:
        """Whom it is for, what it may, and what it did."""
        found = self.own(request, card)
        return Answer(200, _number_shown(found, place_numbers.get_number(found, number)))

    @extend_schema(operation_id="numbers_end", responses={204: None})
    def delete(self, request: Request, card: str, number: str) -> Answer:
        """End it for good; its holds still settle."""
        found = self.own(request, card)
        place_numbers.end_number(card=found, number_id=number, actor=self.actor(request), now=clock.now())
        return Answer(204, {})


class NumberRevealView(_Cards):
    """A number for one place, to its owner alone."""

    #: What it answers is kept nowhere, so nothing can be replayed.
    idempotent: ClassVar[bool] = False

    @extend_schema(operation_id="numbers_reveal", request=bodies.NumberRevealBody, responses=bodies.RevealShown)
    def post(self, request: Request, card: str, number: str) -> Answer:
        """Number, expiry and code, in a first-party session after a step-up of at most 5 minutes; no token ever."""
        _only_in_person(request)
        found = self.own(request, card)
        values = self.parse(bodies.NumberRevealBody, request)
        number_id = place_numbers.get_number(found, number).id
        return self.reveal(request, found, nonce=values["nonce"], number_id=number_id)


def _number_shown(card: Card, token: Token) -> dict[str, Any]:
    status = place_numbers.status_of(token, clock.now().date())
    return bodies.number_body(token, currency=card.currency, status=str(status))


def _only_in_person(request: Request) -> None:
    """A number is shown in a first-party session alone, before anything else is asked (P16).

    Raises:
        ScopeMissing: a bearer token, whatever its scopes.
    """
    if not is_session(request) or not isinstance(request.user, Holder):
        raise ScopeMissing


def _may_issue(request: Request) -> None:
    """In a browser a password alone is not enough (settled.md 11); a token was given with its scope."""
    if is_session(request) and isinstance(request.user, Holder):
        may(request.user, Act.ISSUE, clock.now())
