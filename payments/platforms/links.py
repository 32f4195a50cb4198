"""Links: minted before the consent page, active once confirmed, ended by the person (settled.md 12)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet

from cards.issuing.cards import close_card, find_by_link, get_card, issue_card
from cards.issuing.place_numbers import end_numbers_of_link
from cards.issuing.states import CardKind, CardStatus
from cards.vault import domains
from payments.platforms import agreement, aliases, mandates
from payments.platforms.mandates import Terms
from payments.platforms.models import Link, LinkStatus, Mandate, Platform
from payments.platforms.tokens import end_tokens
from privacy.consent import consents
from privacy.consent.consents import Consent
from privacy.exposure import recipients
from privacy.exposure.recipients import RecipientKind
from wallet.activity import notices
from wallet.core import outbox
from wallet.core.actors import Actor
from wallet.core.errors import Invalid, Kind, NotFound, WalletError
from wallet.core.money import Money
from wallet.core.states import StateMachine
from wallet.core.transactions import needs_transaction, owns_transaction
from wallet.limits import tiers
from wallet.limits.regimes import Ability

STATES: StateMachine[LinkStatus] = StateMachine(
    "payments.link",
    {
        "confirm": {LinkStatus.MINTED: LinkStatus.ACTIVE},
        "end": {LinkStatus.ACTIVE: LinkStatus.ENDED},
    },
)


class LinkNotActive(WalletError):
    """The link has ended: its tokens are dead, and nothing can be done with it."""

    kind = Kind.CONFLICT
    slug = "link-ended"
    title = "This link has ended"


class CardUnusable(WalletError):
    """The card cannot be linked: closed, frozen, locked to another use, or in another currency than the limits."""

    kind = Kind.INVALID
    slug = "card-unusable"
    title = "This card cannot be linked"


@dataclass(frozen=True, slots=True)
class CardChoice:
    """A card of the person's own, or "" for a new platform card in this currency."""

    card_id: str = ""
    currency: str = "EUR"
    #: Put on the new card from the main account.
    load: Money | None = None


#: Called inside the ending transaction with the ended link; returns the ids of what was canceled with it.
OnEnd = Callable[[Link, datetime], list[str]]
_ON_END: list[OnEnd] = []


def on_end(callback: OnEnd) -> OnEnd:
    """Register what a room above must do when a link ends."""
    if callback not in _ON_END:
        _ON_END.append(callback)
    return callback


@owns_transaction
def begin_link(*, holder_id: str, platform: Platform) -> Link:
    """The active link, or a handle minted for the consent page; the same one until it is confirmed."""
    active = find_active(holder_id=holder_id, platform_id=platform.pk)
    if active is not None:
        return active
    link, _ = Link.objects.get_or_create(holder_id=holder_id, platform=platform, status=LinkStatus.MINTED)
    return link


@owns_transaction
def confirm_link(
    *, link: Link, card: CardChoice, terms: Terms, alias: str, trim: agreement.Trim, can_pay: bool = True, now: datetime
) -> Link:
    """Activate a minted link: a card, a mandate, an alias, and a receipt for exactly what was shown.

    Raises:
        CardUnusable: the card is not an active one that can pay here, or not in the currency of the terms.
        TierInsufficient: the law lets the person pay nobody (settled.md 9).
        InsufficientFunds: less is on the main account than the new card shall hold.
        MandateInvalid, AliasInvalid: a term is not valid.
        LinkNotActive: the link was confirmed or ended meanwhile.
    """
    link = Link.objects.select_for_update(no_key=True, of=("self",)).select_related("platform").get(pk=link.pk)
    if link.status != LinkStatus.MINTED:
        raise LinkNotActive
    if can_pay:
        tiers.require(link.holder_id, Ability.PAY_PEOPLE, now=now)
    actor = Actor.holder(link.holder_id)
    currency = _choose_card(link, card, actor=actor, now=now)
    if terms.currency != currency:
        # Limits that were typed for one currency mean nothing in another, and nobody has seen a proposal for it.
        raise CardUnusable(pointer="/card")
    link.alias = aliases.clean(alias)
    link.can_pay = can_pay
    link.hide_note = trim.hide_note
    _agree(link, terms=terms, now=now)
    link.status = STATES.after(LinkStatus(link.status), "confirm")
    link.confirmed_at = now
    link.save()
    mandates.set_terms(link=link, terms=terms, now=now)
    STATES.record(subject=link.id, event="confirm", before=LinkStatus.MINTED, after=LinkStatus.ACTIVE, actor=actor)
    notices.notify(holder_id=link.holder_id, kind="link_made", ref=link.id, facts={"name": link.platform.name}, now=now)
    return link


def _agree(link: Link, *, terms: Terms, now: datetime) -> None:
    """A consent with its receipt for what the link is now; the one before it ends here."""
    trim = agreement.Trim(hide_note=link.hide_note)
    literal = agreement.shown(
        link_id=link.id, wallet_url=settings.PUBLIC_URL, trim=trim, can_pay=link.can_pay, one_tap=terms.one_tap
    )
    consent = consents.give(
        holder_id=link.holder_id,
        recipient_id=recipients.get(RecipientKind.PLATFORM, link.platform_id).id,
        document=agreement.document(literal=literal, terms=terms, trim=trim),
        classes=agreement.classes(trim),
        now=now,
    )
    link.consent_id = consent.id


def list_consents(link: Link) -> list[Consent]:
    """What was agreed to for this link, newest first; of earlier links to the same platform nothing."""
    recipient = recipients.get(RecipientKind.PLATFORM, link.platform_id)
    given = consents.history(holder_id=link.holder_id, recipient_id=recipient.id)
    return [one for one in given if agreement.is_about(one.document, link.id)]


def _choose_card(link: Link, choice: CardChoice, *, actor: Actor, now: datetime) -> str:
    domains.register(ref=link.id, name=link.platform.name, merchants=link.platform.merchants, holder_id=link.holder_id)
    if choice.card_id:
        card = get_card(link.holder_id, choice.card_id)
        if card.status != CardStatus.ACTIVE or card.kind != CardKind.STANDARD:
            raise CardUnusable(pointer="/card")
    else:
        if choice.currency not in settings.CURRENCIES:
            raise Invalid("is not offered here", pointer="/currency")
        card = issue_card(
            holder_id=link.holder_id, currency=choice.currency, kind=CardKind.PLATFORM, label=link.platform.name,
            link_ref=link.id, load=choice.load, actor=actor, now=now,
        )  # fmt: skip
    link.card_id = card.id
    return card.currency


@owns_transaction
def end_link(*, holder_id: str, link_id: str, actor: Actor, now: datetime) -> Link:
    """End it, in one transaction with everything that hangs on it; ending an ended link changes nothing.

    Raises:
        NotFound: unknown or another's.
    """
    link = lock_link(link_id)
    if link is None or link.holder_id != holder_id or link.status == LinkStatus.MINTED:
        raise NotFound
    if link.status == LinkStatus.ENDED:
        return link
    link.status = STATES.after(LinkStatus(link.status), "end")
    link.ended_at = now
    Link.objects.filter(pk=link.pk).update(status=link.status, ended_at=now)
    STATES.record(subject=link.id, event="end", before=LinkStatus.ACTIVE, after=LinkStatus.ENDED, actor=actor)
    end_tokens(holder_id=holder_id, platform_id=link.platform_id)
    canceled = [ref for callback in _ON_END for ref in callback(link, now)]
    _close_platform_numbers(link, actor=actor, now=now)
    recipient = recipients.get(RecipientKind.PLATFORM, link.platform_id)
    consents.withdraw(holder_id=holder_id, recipient_id=recipient.id)
    notices.notify(holder_id=holder_id, kind="link_ended", ref=link.id, facts={"name": link.platform.name}, now=now)
    outbox.enqueue(
        topic="platform.event",
        ref=link.id,
        payload={
            "platform": link.platform_id, "type": "link.revoked", "payee": link.id, "canceled": " ".join(canceled),
        },
    )  # fmt: skip
    return link


def _close_platform_numbers(link: Link, *, actor: Actor, now: datetime) -> None:
    """The platform's own cards and numbers die with the link; a card that the person picked stays theirs."""
    for card in find_by_link(link.id):
        close_card(card=card, actor=actor, now=now)
    end_numbers_of_link(link_ref=link.id, actor=actor, now=now)
    domains.end(link.id)


def find_active(*, holder_id: str, platform_id: str) -> Link | None:
    """The one active link of a person on a platform."""
    return (
        Link.objects.select_related("platform")
        .filter(holder_id=holder_id, platform_id=platform_id, status=LinkStatus.ACTIVE)
        .first()
    )


@needs_transaction
def lock_link(link_id: str) -> Link | None:
    """The link under its row lock: taken before the lock of any request (lock order: link, request, card, ledger)."""
    return (
        Link.objects.select_related("platform").select_for_update(no_key=True, of=("self",)).filter(pk=link_id).first()
    )


def get_link(holder_id: str, link_id: str) -> Link:
    """A person's own link, active or ended.

    Raises:
        NotFound: unknown, another's, or only minted.
    """
    link = list_links(holder_id).filter(pk=link_id).first()
    if link is None:
        raise NotFound
    return link


def list_links(holder_id: str) -> QuerySet[Link]:
    """A person's links, newest first."""
    return (
        Link.objects.select_related("platform", "mandate")
        .filter(holder_id=holder_id)
        .exclude(status=LinkStatus.MINTED)
        .order_by("-created_at", "-pk")
    )


@owns_transaction
def change_link(
    *, holder_id: str, link_id: str, revise: Callable[[Terms], Terms] | None = None, alias: str | None = None,
    hide_note: bool | None = None, now: datetime,
) -> Link:  # fmt: skip
    """Change what an active link may do, or what others read instead of a name.

    Other terms or another trim are another consent, with a receipt of its own. `revise` gets the terms as they stand
    under the link's lock: of two changes at once, neither undoes the other.

    Raises:
        NotFound: unknown or another's.
        LinkNotActive: it has ended.
        MandateInvalid, AliasInvalid: a term is not valid.
    """
    link = lock_link(link_id)
    if link is None or link.holder_id != holder_id or link.status == LinkStatus.MINTED:
        raise NotFound
    if link.status != LinkStatus.ACTIVE:
        raise LinkNotActive
    terms = before = mandates.terms_of(Mandate.objects.get(link=link))
    if revise is not None:
        terms = revise(before)
        mandates.set_terms(link=link, terms=terms, now=now)
    if alias is not None:
        link.alias = aliases.clean(alias)
    is_other = terms != before
    if hide_note is not None:
        is_other = is_other or hide_note != link.hide_note
        link.hide_note = hide_note
    if is_other:
        _agree(link, terms=terms, now=now)
    link.save()
    return link
