"""From words to a finding: guards, rules, the pending sum of the context, direction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from payments.detection import sums
from payments.detection.amounts import is_known
from payments.detection.evidence import signs_of, weigh
from payments.detection.firstlook import first_look, language_of
from payments.detection.grammar import BARE, CASH, COUNT
from payments.detection.language import (
    ALONE,
    CONTEXTUAL,
    TELLING,
    AmountRole,
    Entry,
    Guard,
    Language,
    Needs,
    Payer,
    Rule,
    Share,
)
from payments.detection.message import EVERYONE, NOTHING, ContextMessage, Finding, Intent, Message
from payments.detection.reading import Reading, read
from payments.detection.tokens import Token

_PAIR = 2
_NEAR = 12  # words
_LIKELY, _LIKELIER, _LIKELIEST = 0.25, 0.5, 0.5  # beside a sum with its currency, beside a number, and without
_DOUBTED, _DESPITE = {"settled", "waived"}, 0.985  # what a phrase may say too soon: "35 and we're even"
_CONTRADICTS = 5.0  # logarithm of odds
_ASK_CONTEXT = {Needs.MONEY, Needs.COST, Needs.CONTEXT, Needs.PENDING, Needs.NUDGE}


@dataclass(frozen=True, slots=True)
class Pending:
    """The sum that the latest context message with one speaks of."""

    amount: sums.Sum
    finding: Finding
    sender: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that matched, and where."""

    rule: Rule
    start: int
    end: int


def detect(message: Message) -> Finding:
    """Read one message."""
    others = tuple(name for name in message.participants if name != message.sender)
    language = first_look(message.text, message.locale, others)
    if language is None:
        if not message.context:
            return NOTHING
        language = language_of(message.text, message.locale)
    return Detector(message, language).finding


@dataclass(frozen=True, slots=True)
class Guards:
    """What of a message is no payment talk."""

    why: str = ""
    whole: bool = False
    dead: tuple[tuple[int, int], ...] = ()
    prices: tuple[tuple[int, int], ...] = ()  # dead, but for those who share the price

    def stretches(self, intent: Intent) -> tuple[tuple[int, int], ...]:
        """What does not count when a message does this."""
        return self.dead if intent is Intent.SPLIT else self.dead + self.prices


def _is_told(token: Token) -> bool:
    """Whether this is no number that an anonymiser took out."""
    return token.text not in {CASH, BARE, COUNT} or is_known(token)


class Detector:
    """One message at work."""

    def __init__(self, message: Message, language: Language) -> None:
        self.message = message
        sender = message.sender
        self.others = tuple(name for name in message.participants if name != sender)
        self.reading: Reading = read(message.text, message.locale, self.others, language)
        words = set(self.reading.line.split())
        numbers = language.index.find(words)
        if message.context:
            numbers |= language.context_index.find(words)
        self.entries: list[Entry] = [
            entry for number in sorted(numbers) if (entry := language.entries[number]).phrase.may_match(words)
        ]

    @cached_property
    def finding(self) -> Finding:
        """The answer."""
        if self.guards.whole:
            weak = self._weak_hit(_DESPITE) if self.guards.why in _DOUBTED else None
        elif (hit := self._strongest) is not None:
            return self._answer(hit)
        else:
            weak = self._weak_hit(_LIKELY if self._numbers[CASH] else _LIKELIER if self._sums_at else _LIKELIEST)
        return self._answer(weak) if weak is not None else NOTHING

    @property
    def _strongest(self) -> Hit | None:
        """The phrase that decides; where all words together clearly say another intent, that one."""
        hits = [
            hit
            for entry in self.entries
            if isinstance(entry, Rule)
            for hit in self._matches(entry)
            if not self._is_dead(hit.start, hit.end, hit.rule.intent) and self._has(hit.rule.needs)
        ]
        if not hits:
            return None
        hit = max(hits, key=self._weight)
        if hit.rule.needs in CONTEXTUAL:
            return hit
        found = weigh(self.signs)
        clearly = found.likelihood > _LIKELIER and found.leads(hit.rule.intent) > _CONTRADICTS
        return replace(hit, rule=replace(hit.rule, intent=found.intent)) if clearly else hit

    def _weak_hit(self, likely: float) -> Hit | None:
        """What the words say together, where a sum or a word of money or debts stands there."""
        if not self.is_worth_weighing:
            return None
        found = weigh(self.signs)
        if found.likelihood < likely:
            return None
        reading, sums_at = self.reading, self._sums_at
        start = reading.starts[sums_at[0]] if sums_at else 1
        end = start + 1 if sums_at else len(reading.line) - 1
        return Hit(Rule(reading.language.debt, found.intent, Needs.WEIGHED, 0), start, end)

    @property
    def is_worth_weighing(self) -> bool:
        """Whether there is a sum, a word of money or of debts, or a pending sum that this may answer."""
        language, line = self.reading.language, self.reading.line
        if not self.reading.tokens:
            return False
        if CASH in line and not self._numbers[CASH]:  # the sum is told in a clause that is no payment talk
            return False
        if (
            self._numbers[CASH]
            or self._numbers[BARE]
            or language.debt.regex.search(line) is not None
            or self._has_money_word
        ):
            return True
        if self.message.context and (self.pending is not None or self.question is not None):
            return True
        telling = TELLING if self._sums_at else ALONE
        return any(not telling.isdisjoint(language.classes_of(token.text)) for token in self.reading.tokens)

    @cached_property
    def _numbers(self) -> dict[str, list[int]]:
        """The tokens that are numbers, by their sign; what is told as a price may be due all the same."""
        reading, dead = self.reading, self.guards.dead
        found: dict[str, list[int]] = {CASH: [], BARE: [], COUNT: []}
        for at, token in enumerate(reading.tokens):
            if (
                token.text in found
                and _is_told(token)
                and not any(begin <= reading.starts[at] < stop for begin, stop in dead)
            ):
                found[token.text].append(at)
        return found

    @cached_property
    def _sums_at(self) -> list[int]:
        """The tokens that are sums: those with a currency, else bare numbers, else numbers that may count something."""
        numbers = self._numbers
        return numbers[CASH] or numbers[BARE] or numbers[COUNT]

    @property
    def signs(self) -> set[str]:
        """The signs of the words near the sums: a long message speaks of more than one thing."""
        words = [token.text if _is_told(token) else "" for token in self.reading.tokens]
        if (sums_at := self._sums_at) and len(words) > 3 * _NEAR:
            first, last = max(0, sums_at[0] - _NEAR), min(len(words), sums_at[-1] + _NEAR)
            words = words[first : min(last, sums_at[0] + 2 * _NEAR)]
        before = ""
        if self.message.context:
            told, asked = self.pending, self.question
            if told is not None:
                whose = "own" if told.sender == self.message.sender else "other"
                before = f"after {whose} {told.finding.intent}"
            elif asked is not None:
                before = f"asked {asked.intent}"
        group = len(self.message.participants) > _PAIR
        return signs_of(words, self.reading.language, group=group, before=before)

    # Guards

    @cached_property
    def guards(self) -> Guards:
        """What only looks like payment talk: the whole message, or some clauses."""
        line = self.reading.line
        dead: list[tuple[int, int]] = []
        prices: list[tuple[int, int]] = []
        why = ""
        for guard in self.entries:
            if not isinstance(guard, Guard):
                continue
            for match in guard.phrase.regex.finditer(line):
                if any(phrase.regex.search(line) for phrase in guard.unless):
                    continue
                why = guard.why
                if guard.whole:
                    return Guards(whole=True, why=why)
                (prices if why == "price" else dead).append(self._clause(match.start(), match.end()))
        return Guards(why=why, dead=tuple(dead), prices=tuple(prices))

    def _clause(self, start: int, end: int) -> tuple[int, int]:
        """The stretch between the breaks around a match; a comma breaks only where a clause can begin."""
        reading = self.reading
        tokens, breaks = reading.tokens, reading.language.breaks
        first = reading.token_at(start if reading.line[start] != " " else start + 1)
        last = reading.token_at(max(start, end - 2))
        while first > 0 and tokens[first - 1].text not in breaks and tokens[first - 1].text != ",":
            first -= 1
        while last + 1 < len(tokens) and tokens[last + 1].text not in breaks and tokens[last + 1].text != ",":
            last += 1
        return reading.starts[first], reading.starts[last] + len(tokens[last].text)

    def _is_dead(self, start: int, end: int, intent: Intent = Intent.NONE) -> bool:
        return any(start < stop and end > begin for begin, stop in self.guards.stretches(intent))

    # Rules

    def _matches(self, rule: Rule) -> list[Hit]:
        line = self.reading.line
        matches = []
        for match in rule.phrase.regex.finditer(line):
            start, end = match.start(), max(match.end() - 1, match.start() + 1)
            matches.append(Hit(rule, start + (line[start] == " "), end))
        return matches

    def _has(self, needs: Needs) -> bool:
        pending = self.pending if needs in _ASK_CONTEXT else None
        met: bool
        match needs:
            case Needs.NOTHING | Needs.WEIGHED:
                met = True
            case Needs.AMOUNT:
                met = self._has_amount
            case Needs.CASH:
                met = self._has_cash or self._has_money_word
            case Needs.MONEY:
                met = pending is not None or self._has_amount or self._has_money_word
            case Needs.COST:
                met = pending is not None or self._has_price or self._has_money_word or self._has_cost_word
            case Needs.CONTEXT:
                met = pending is not None or self._has_cash
            case Needs.PENDING:
                met = pending is not None
            case Needs.NUDGE:
                met = pending is not None and pending.finding.intent is not Intent.NONE
            case Needs.ANSWER:
                met = self.question is not None
        return met

    def _live(self, sign: str) -> bool:
        return any(
            token.text == sign and not self._is_dead(start, start + 1)
            for token, start in zip(self.reading.tokens, self.reading.starts, strict=True)
        )

    @cached_property
    def _has_cash(self) -> bool:
        return self._live(CASH)

    @cached_property
    def _has_price(self) -> bool:
        """A sum, also one that is told as a price: a cost is shared."""
        prices = self.guards.prices
        return self._has_cash or any(
            token.text in {CASH, BARE} and any(begin <= start < end for begin, end in prices)
            for token, start in zip(self.reading.tokens, self.reading.starts, strict=True)
        )

    @cached_property
    def _has_amount(self) -> bool:
        return self._has_cash or self._live(BARE)

    @cached_property
    def _has_money_word(self) -> bool:
        return self.reading.language.money.regex.search(self.reading.line) is not None

    @cached_property
    def _has_cost_word(self) -> bool:
        return self.reading.language.cost.regex.search(self.reading.line) is not None

    def _weight(self, hit: Hit) -> tuple[int, int, int]:
        stretch = self.reading.line[hit.start : hit.end]
        has_amount = CASH in stretch or BARE in stretch
        return hit.rule.rank, has_amount + (stretch.rstrip()[-1:] in {CASH, BARE}), hit.end - hit.start

    # Context

    @cached_property
    def _earlier(self) -> list[tuple[ContextMessage, Detector]]:
        """Context messages, latest first, each read on its own."""
        message = self.message
        return [
            (
                earlier,
                Detector(
                    Message(earlier.text, (), earlier.sender, message.participants, message.locale),
                    language_of(earlier.text, message.locale),
                ),
            )
            for earlier in reversed(message.context)
        ]

    @cached_property
    def pending(self) -> Pending | None:
        """One pending sum between these people, or one shared total, from the latest message that has it."""
        for earlier, detector in self._earlier:
            finding = detector.finding
            if finding.intent is not Intent.NONE:
                if finding.amount_minor is not None and finding.currency is not None:
                    total = sums.Sum(finding.amount_minor, finding.currency, finding.shares)
                    return Pending(total, finding, earlier.sender)
                continue
            if (why := detector.guards.why) and why != "price":
                if why in {"settled", "waived"}:
                    return None
                continue
            if (told := sums.lone_amount(detector.reading, self.message.locale)) is not None:
                return Pending(told, finding, earlier.sender)
        return None

    @cached_property
    def question(self) -> Finding | None:
        """The question about a debt that the message before asked, if it named no sum; not all type a mark."""
        for earlier, detector in self._earlier[:2]:
            if earlier.sender != self.message.sender:
                finding = detector.finding
                if finding.intent is not Intent.NONE:
                    return finding if finding.amount_minor is None else None
                reading = detector.reading
                asks = not detector.guards.whole and reading.language.how_much.regex.search(reading.line) is not None
                return Finding(Intent.OFFER) if asks else None
        return None

    # The answer

    def _answer(self, hit: Hit) -> Finding:
        intent = hit.rule.intent
        sender = self.message.sender
        if hit.rule.needs is Needs.NUDGE and self.pending is not None and sender is not None:
            before = self.pending.finding
            if before.intent is Intent.SPLIT:
                intent = Intent.SPLIT
            elif before.debtor == sender:
                intent = Intent.OFFER
            elif before.creditor == sender or before.debtor is not None:
                intent = Intent.REQUEST
        if hit.rule.needs is Needs.ANSWER and self.question is not None:
            asked = self.question.intent
            intent = {Intent.OFFER: Intent.REQUEST, Intent.REQUEST: Intent.OFFER}.get(asked, asked)
        roles = [entry for entry in self.entries if isinstance(entry, AmountRole)]
        shares = [entry for entry in self.entries if isinstance(entry, Share)]
        total = sums.choose(
            self.reading,
            intent,
            (hit.start, hit.end),
            self.guards.dead if hit.rule.needs is Needs.WEIGHED else self.guards.stretches(intent),
            roles,
            shares,
            self.message.locale,
        )
        from_context = False
        if total.minor is None and not total.vague and self.pending is not None:
            told = self.pending.amount
            count = total.shares
            if intent is Intent.SPLIT and count is None:
                count = told.shares
            minor = told.minor
            if minor is not None and intent is not Intent.SPLIT and total.halved:
                minor //= 2
            total = sums.Sum(minor, told.currency, count)
            from_context = True
        debtor, creditor = self._direction(intent)
        confidence = self._confidence(hit, total, from_context=from_context)
        spans = sorted({self.reading.span(hit.start, hit.end + 1), *total.spans})
        return Finding(
            intent,
            total.minor,
            total.currency if total.minor is not None else None,
            total.shares if intent is Intent.SPLIT else None,
            debtor,
            creditor,
            confidence,
            tuple(spans),
        )

    def _confidence(self, hit: Hit, total: sums.Sum, *, from_context: bool) -> float:
        if from_context or hit.rule.needs in {Needs.NUDGE, Needs.ANSWER}:
            return 0.7
        if total.minor is None:
            return 0.75
        return 0.95 if self._has_cash else 0.85

    def _direction(self, intent: Intent) -> tuple[str | None, str | None]:
        sender, others = self.message.sender, self.others
        named = list(dict.fromkeys(self.reading.names.values()))
        only = others[0] if len(self.message.participants) <= _PAIR and len(others) == 1 else None
        if intent is Intent.REQUEST:
            return only or (named[0] if len(named) == 1 else EVERYONE if others else None), sender
        if intent is Intent.OFFER:
            return sender, only or (named[0] if len(named) == 1 else None)
        payer = any(isinstance(entry, Payer) and entry.phrase.regex.search(self.reading.line) for entry in self.entries)
        return (only or EVERYONE, sender) if payer else (None, None)
