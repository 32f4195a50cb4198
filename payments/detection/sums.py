"""Which of the numbers of a message is the sum, and into how many parts it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from payments.detection.amounts import amount_of
from payments.detection.grammar import BARE, CASH, COUNT
from payments.detection.language import AmountRole, Role, Share
from payments.detection.message import Intent
from payments.detection.reading import Reading
from payments.detection.tokens import Token

_STATED = {Role.CORRECTION, Role.REST, Role.HALF, Role.TOTAL}
_MOST_SHARES = 200
_LONGEST_PART = 7  # words between two parts of one sum


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum found; vague: told, but not as one number."""

    minor: int | None = None
    currency: str | None = None
    shares: int | None = None
    vague: bool = False
    halved: bool = False
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(slots=True)
class _Amount:
    at: int  # token
    minor: int
    currency: str
    bare: bool
    inside: bool  # in the words of the rule
    roles: set[Role] = field(default_factory=set)


def lone_amount(reading: Reading, locale: str) -> Sum | None:
    """The one amount of a message that tells a price or a total."""
    told = [token for token in reading.tokens if token.text == CASH] or [
        token for token in reading.tokens if token.text == BARE
    ]
    if len(told) != 1 or (found := amount_of(told[0], locale)) is None:
        return None
    return Sum(found[0], found[1])


def choose(
    reading: Reading,
    intent: Intent,
    hit: tuple[int, int],
    dead: Sequence[tuple[int, int]],
    roles: Sequence[AmountRole],
    shares: Sequence[Share],
    locale: str,
) -> Sum:
    """The due sum of a request or an offer, the total of a split (RULES.md 3 and 5)."""
    counted, parts = _shares(reading, shares)
    amounts = _amounts(reading, hit, dead, counted, locale)
    halved = _mark(reading, roles, amounts) and not _is_half_told(amounts)
    kept = [amount for amount in amounts if Role.NOT not in amount.roles or amount.roles & _STATED]
    amounts = kept or amounts
    if any(not amount.bare for amount in amounts):
        amounts = [amount for amount in amounts if not amount.bare or amount.inside or amount.roles]
    if any(Role.RANGE in amount.roles for amount in amounts):
        return Sum(vague=True, shares=parts)
    if not amounts:
        amounts = _doubtful(reading, dead, counted, locale)
    if not amounts:
        return Sum(shares=parts, halved=halved)
    if intent is Intent.SPLIT:
        return _shared(reading, amounts, parts)
    return _due(reading, amounts, halved=halved)


def _amounts(
    reading: Reading, hit: tuple[int, int], dead: Sequence[tuple[int, int]], counted: set[int], locale: str
) -> list[_Amount]:
    amounts = []
    currency = None
    for at, token in enumerate(reading.tokens):
        start = reading.starts[at]
        if _multiplies(reading.tokens, at):
            continue
        if token.text not in (CASH, BARE) or at in counted or any(begin <= start < end for begin, end in dead):
            continue
        found = amount_of(token, locale)
        if found is not None:
            if token.text == CASH:
                currency = currency or token.currency
            amounts.append(_Amount(at, *found, token.text == BARE, hit[0] <= start < hit[1]))
    if currency is not None:  # "120 CHF, 40 each": the bare number is of the same currency
        for amount in amounts:
            if amount.bare:
                amount.minor, amount.currency = _again(reading.tokens[amount.at], currency, locale) or (
                    amount.minor,
                    amount.currency,
                )
    return amounts


def _doubtful(reading: Reading, dead: Sequence[tuple[int, int]], counted: set[int], locale: str) -> list[_Amount]:
    """The one number that could count something, but says not what: "the 40 is coming", of a debt."""
    reader, tokens = reading.language.reader, reading.tokens
    places = [
        at
        for at, token in enumerate(tokens)
        if token.text == COUNT
        and at not in counted
        and reader.may_be_sum(tokens, at)
        and not any(begin <= reading.starts[at] < end for begin, end in dead)
    ]
    if len(places) != 1 or (found := amount_of(tokens[places[0]], locale)) is None:
        return []
    return [_Amount(places[0], *found, bare=True, inside=True)]


def _is_half_told(amounts: Sequence[_Amount]) -> bool:
    """Whether both are there: "I paid 90, you owe me half, 45"."""
    minors = {amount.minor for amount in amounts}
    return any(2 * minor in minors for minor in minors)


def _multiplies(tokens: Sequence[Token], at: int) -> bool:
    """Whether this is the 3 of "3 x 7 €"."""
    return at + 2 < len(tokens) and tokens[at + 1].text in {"x", "*"} and tokens[at + 2].text == CASH


def _again(token: Token, currency: str, locale: str) -> tuple[int, str] | None:
    return amount_of(Token(token.text, token.start, token.end, token.raw, token.value, currency), locale)


def _mark(reading: Reading, roles: Sequence[AmountRole], amounts: list[_Amount]) -> bool:
    by_token = {amount.at: amount for amount in amounts}
    halved = False
    for entry in roles:
        for match in entry.phrase.regex.finditer(reading.line):
            if "it" in match.re.groupindex:
                at = reading.token_at(match.start("it"))
                if at in by_token:
                    by_token[at].roles.add(entry.role)
            elif entry.role is Role.RANGE:
                for amount in amounts:
                    if match.start() <= reading.starts[amount.at] < match.end():
                        amount.roles.add(entry.role)
            elif entry.role is Role.HALF:
                halved = True
    return halved


def _shares(reading: Reading, shares: Sequence[Share]) -> tuple[set[int], int | None]:
    counted: set[int] = set()
    parts: list[int] = []
    for entry in shares:
        for match in entry.phrase.regex.finditer(reading.line):
            if entry.count is not None:
                parts.append(entry.count)
                continue
            at = reading.token_at(match.start("it"))
            token = reading.tokens[at]
            value = _whole(token)
            if value is not None:
                counted.add(at)
                parts.append(value)
    return counted, parts[0] if parts else None


def _whole(token: Token) -> int | None:
    if token.text not in (BARE, COUNT):
        return None
    if token.value is not None:
        value = token.value
        whole = int(value) if value == value.to_integral_value() else 0
    else:
        whole = int(token.raw) if token.raw is not None and token.raw.isdigit() else 0
    return whole if 1 < whole <= _MOST_SHARES else None


def _sum(reading: Reading, amounts: Sequence[_Amount], minor: int | None = None, shares: int | None = None) -> Sum:
    spans = tuple(reading.span(reading.starts[a.at], reading.starts[a.at] + 2) for a in amounts)
    return Sum(amounts[0].minor if minor is None else minor, amounts[0].currency, shares, spans=spans)


def _last(amounts: Sequence[_Amount], role: Role) -> _Amount | None:
    return next((amount for amount in reversed(amounts) if role in amount.roles), None)


def _due(reading: Reading, amounts: list[_Amount], *, halved: bool) -> Sum:
    told = _last(amounts, Role.CORRECTION) or _last(amounts, Role.REST)
    if told is not None and not halved:
        return _sum(reading, [told])
    halves = [amount for amount in amounts if Role.HALF in amount.roles]
    if len(amounts) == 1 and (halved or halves):
        return _sum(reading, amounts, amounts[0].minor // 2)
    if halves:  # the half itself is stated beside the whole
        return _sum(reading, [amount for amount in amounts if Role.HALF not in amount.roles][-1:])
    return _claimed(reading, amounts)


def _claimed(reading: Reading, amounts: list[_Amount]) -> Sum:
    inside = [amount for amount in amounts if amount.inside]
    total, each = _last(amounts, Role.TOTAL), _last(amounts, Role.EACH)
    if total is not None and (not inside or total.inside or "=" in reading.line):
        return _sum(reading, [total])
    if each is not None:
        return _sum(reading, [each])
    chosen = inside[-1] if inside else amounts[0]
    times = _times(reading, chosen)
    if times > 1:
        return _sum(reading, [chosen], chosen.minor * times)
    return _added(reading, amounts, chosen)


def _times(reading: Reading, amount: _Amount) -> int:
    """How many times the sum is due: "3 x 7 €", "7 € x 3"."""
    tokens = reading.tokens
    for sign, number in ((amount.at - 1, amount.at - 2), (amount.at + 1, amount.at + 2)):
        if min(sign, number) >= 0 and max(sign, number) < len(tokens) and tokens[sign].text in {"x", "*"}:
            return _whole(tokens[number]) or 1
    return 1


def _added(reading: Reading, amounts: list[_Amount], first: _Amount) -> Sum:
    """Parts owed by the same person are added: "6 € de bus et 4 € de café"."""
    run = [first]
    place = amounts.index(first)
    for following in amounts[place + 1 :]:
        if not _joined(reading, run[-1], following):
            break
        run.append(following)
    for before in reversed(amounts[:place]):
        if not _joined(reading, before, run[0]):
            break
        run.insert(0, before)
    if len(run) == 1:
        return _sum(reading, run)
    if {amount.currency for amount in run} != {run[0].currency}:
        return _sum(reading, [first])
    return _sum(reading, run, sum(amount.minor for amount in run))


def _joined(reading: Reading, left: _Amount, right: _Amount) -> bool:
    between = [token.text for token in reading.tokens[left.at + 1 : right.at]]
    joiners = reading.language.joiners
    if right.bare and "," in between:
        return False
    if not between or len(between) > _LONGEST_PART or not any(word in joiners for word in between):
        return False
    return not any(word in reading.language.breaks for word in between)


def _shared(reading: Reading, amounts: list[_Amount], parts: int | None) -> Sum:
    each = [amount for amount in amounts if Role.EACH in amount.roles]
    whole = [amount for amount in amounts if Role.EACH not in amount.roles]
    if (total := _last(whole, Role.TOTAL) or _last(whole, Role.CORRECTION)) is not None:
        whole = [total]
    if each and whole:
        total_minor = whole[0].minor if len(whole) == 1 else sum(amount.minor for amount in whole)
        if parts is None and each[0].minor and total_minor % each[0].minor == 0 and total_minor > each[0].minor:
            quotient = total_minor // each[0].minor
            parts = quotient if quotient <= _MOST_SHARES else None
        return _sum(reading, whole, total_minor, parts)
    if each:
        minor = each[0].minor * parts if parts is not None else each[0].minor
        return _sum(reading, each[:1], minor, parts)
    if parts is None and len(whole) == 1 and (times := _times(reading, whole[0])) > 1:  # "15 € x 4"
        return _sum(reading, whole, whole[0].minor * times, times)
    if len(whole) > 1:
        added = _added(reading, whole, whole[0])
        return Sum(added.minor, added.currency, parts, spans=added.spans)
    return _sum(reading, whole, shares=parts)
