"""What is kept, why, and how long: from the inventory, so that it cannot say anything else than the tables."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from privacy.rights import kinds
from privacy.rights.clocks import CLOCKS
from wallet.core.api import Audience, audience


@dataclass(frozen=True, slots=True)
class Kept:
    """One clock, and the kinds of data that it is for."""

    until: str
    reason: str
    kinds: tuple[str, ...]


@audience(Audience.PUBLIC)
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """For everybody, before they sign up too."""
    return render(request, "privacy/kept.html", {"kept": _kept()})


def _kept() -> list[Kept]:
    named = {kind: _clocks(kind) for kind in kinds.every()}
    found = []
    for name, one in CLOCKS.items():
        labels = sorted(str(kind.label) for kind, clocks in named.items() if name in clocks)
        if labels:
            found.append(Kept(str(one.until), str(one.reason), tuple(labels)))
    return found


def _clocks(kind: kinds.Kind) -> set[str]:
    """Sealed columns follow their key, and others their row."""
    return {column.clock for table in kind.tables() for column in kinds.personal(table)}
