"""No surface but the reveal shows more of a number than its last four digits (standard.md C13)."""

import io
import json
import re
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from cards.authorizations.models import Authorization
from cards.vault import domains, number_range
from cards.vault.pan import Pan, check_digit
from privacy.exposure.models import Exposure
from tests.cards.acquirer import OTHER_SHOP, TestCard, fund, issue, number_for, send
from tests.support.people import Person, sign_up
from wallet.activity.models import Notice
from wallet.core.ids import new_id

pytestmark = pytest.mark.django_db(transaction=True)

#: Our own random texts, in which five digits in a row mean nothing: ids, keys, digests, cursors, times, tokens.
CHANCE = re.compile(
    r"[a-z]+_[0-9A-Za-z]{22}|req_[\w-]+|[0-9a-f]{32,}|[A-Za-z0-9_+/=-]{40,}|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)|"
    r"csrfmiddlewaretoken\" value=\"\w+|\.[0-9a-f]{12}\.(?:css|js|svg)"
)
#: Whose pages and answers these are not: other rooms' machines, and what is asked only by a POST.
ELSEWHERE = re.compile(r"^/(?:static|healthz|metrics|log/)")


def paths(resolver: URLResolver | None = None, prefix: str = "/") -> Iterator[str]:
    """Every route as a template such as `/cards/{card}`."""
    for entry in (resolver or get_resolver()).url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from paths(entry, path)
        elif isinstance(entry, URLPattern):
            yield re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)


class Cast:
    """Alice with cards of every sort, payments that went well and payments that did not; all that was said to whom."""

    def __init__(self) -> None:
        self.alice: Person = sign_up()
        self.alice.step_up()
        holder_id, link = self.alice.holder.id, new_id("link")
        fund(holder_id, 10_000)
        domains.register(link, "Messenger", ["fb-1"], holder_id=holder_id)
        self.cards = [issue(5000, holder_id=holder_id), issue(holder_id=holder_id, kind="platform", link_ref=link)]
        self.numbers = [number_for(self.cards[0], "shop-1"), number_for(self.cards[0], link=link)]
        self.said: dict[str, str] = {}
        for one in self.everything:
            one.client = self.cards[0].client
            self._act(one)
        for card in self.cards:
            card.tell()

    @property
    def everything(self) -> list[TestCard]:
        return [*self.cards, *self.numbers]

    def _act(self, one: TestCard) -> None:
        asked = one.authorize(100)
        self._hear("network", json.dumps(asked))
        for wrong in ({"merchant": OTHER_SHOP}, {"cvc": one.wrong_cvc}, {"expiry": "2020-01"}, {"amount": {}}):
            self._hear("network", send("/authorizations", one.body(100, **wrong)).content.decode())
        self._hear("network", json.dumps(one.force_post(10)))
        self._hear("network", json.dumps(one.refund(10)))
        if asked["approved"]:
            self._hear("network", json.dumps(one.message(asked["authorization"], "captures", 100, final=True)))
        reveal = f"/v1/cards/{one.card.id}" + (f"/numbers/{one.number}" if one.number else "") + "/reveal"
        assert one.pan in self.alice.client.post(reveal, content_type="application/json").content.decode(), (
            "the one surface that shows it"
        )

    def _hear(self, where: str, text: str) -> None:
        self.said[where] = self.said.get(where, "") + "\n" + text

    def crawl(self) -> None:
        """Every page and every answer that is asked with GET, in Alice's session and in nobody's."""
        number, nobody = self.numbers[0], Client()
        named = {
            "card": number.card.id, "number": number.number, "holder": self.alice.holder.id,
            "authorization": str(Authorization.objects.filter(card=number.card).values_list("id", flat=True)[0]),
            "exposure_id": [str(one) for one in Exposure.objects.filter(holder_id=self.alice.holder.id).values_list("id", flat=True).order_by("-at")[:8]],
            "notice": [str(one) for one in Notice.objects.filter(holder_id=self.alice.holder.id).values_list("id", flat=True)[:2]],
        }  # fmt: skip
        for template in sorted(set(paths())):
            if ELSEWHERE.match(template):
                continue
            for path in _filled(template, named):
                for name, client in (("alice", self.alice.client), ("nobody", nobody)):
                    answer = client.get(path, headers={"accept-language": "en"})
                    self._hear(f"{name} {template}", f"{answer.headers} {b''.join(answer).decode(errors='replace')}")

    def command(self, *words: str) -> None:
        """What a command prints."""
        out = io.StringIO()
        call_command(*words, stdout=out, stderr=out)
        self._hear(" ".join(words[:1]), out.getvalue())


def _filled(template: str, named: dict[str, Any]) -> list[str]:
    """The paths of a template with what is Alice's; a name that nothing is known of gets a stranger's id."""
    filled = [template]
    for member in re.findall(r"\{(\w+)\}", template):
        values = named.get(member, named.get(member.removesuffix("_id"), "unknown"))
        values = values if isinstance(values, list) else [values]
        filled = [path.replace(f"{{{member}}}", value) for path in filled for value in values or ["unknown"]]
    return filled


def runs(pan: str) -> set[str]:
    """Every five digits of a number in a row, but those of the range alone, which is everybody's."""
    return {pan[start : start + 5] for start in range(12)} - {number_range.BIN[:5], number_range.BIN[1:]}


def draw() -> Pan:
    """A number whose own digits are in no date and no small amount: finding five of them is no chance."""
    payload = number_range.BIN + "".join(secrets.choice("3456789") for _ in range(9))
    return Pan(payload + check_digit(payload))


def shown(texts: dict[str, str], pans: list[str]) -> list[str]:
    """Where more than four digits of a number stand."""
    found = []
    for where, text in texts.items():
        plain = CHANCE.sub(" ", text)
        # As people write them: in groups of four, which a template may cut into elements.
        joined = re.sub(r"(?<=\d)(?:[ -]|&nbsp;|</span>\s*<span[^>]*>)(?=\d)", "", plain)
        found += [f"{where}: …{run[-2:]}" for pan in pans for run in runs(pan) if run in plain or run in joined]
    return found


def test_no_page_answer_command_or_export_shows_five_digits_of_any_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break: the whole number in the body of a reveal's exposure."""
    monkeypatch.setattr(number_range, "draw", draw)
    cast = Cast()
    cast.crawl()
    for words in (["swipe", "--card", cast.cards[0].card.id, "--amount", "100", "--currency", "EUR", "--json"],
                  ["verify_ledger", "--json"], ["verify_exposures", "--json"], ["routes", "--json"]):  # fmt: skip
        cast.command(*words)
    pages = [where for where in cast.said if where.startswith("alice ")]
    assert len(pages) > 50
    assert sum("••••" in text or '"last4"' in text for text in cast.said.values()) > 5, "nothing was looked at"
    pans = [one.pan for one in cast.everything]
    assert shown(cast.said, pans) == []
    for pan in pans:
        planted = {
            "whole": f"paid with {pan}.", "grouped": " ".join(pan[one : one + 4] for one in range(0, 16, 4)),
            "first ten": pan[:10], "last five": f"•••• {pan[-5:]}",
            "cut up": "".join(f"<span>{pan[one : one + 4]}</span>" for one in range(0, 16, 4)),
        }  # fmt: skip
        assert {where.partition(":")[0] for where in shown(planted, [pan])} == set(planted)
