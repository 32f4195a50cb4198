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
    """One clock of one kind."""

    until: str
    reason: str


@dataclass(frozen=True, slots=True)
class ShownKind:
    """A kind of data with its clocks."""

    label: str
    kept: tuple[Kept, ...]


@audience(Audience.PUBLIC)
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """For everybody, before they sign up too."""
    return render(request, "privacy/kept.html", {"kinds": [_shown(kind) for kind in kinds.every()]})


def _shown(kind: kinds.Kind) -> ShownKind:
    named = {column.clock for table in kind.tables() for column in kinds.personal(table)}
    return ShownKind(
        label=str(kind.label),
        kept=tuple(Kept(str(one.until), str(one.reason)) for name, one in CLOCKS.items() if name in named),
    )
