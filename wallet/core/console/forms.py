"""What the staff types: a reason."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from wallet.core.console.words import LOOK_REASONS
from wallet.core.staff import LONGEST_REASON, SHORTEST_REASON


class ReasonForm(forms.Form):
    """A code of a list, and a sentence."""

    reason_code = forms.ChoiceField(label=_("Reason"))
    reason = forms.CharField(
        label=_("In a sentence"), min_length=SHORTEST_REASON, max_length=LONGEST_REASON,
        help_text=_("A ticket's number, or what happened. No names: this stays for good."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip

    #: The codes, and what they mean.
    reasons: Mapping[str, str | Promise] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.reasons:
            self.fields["reason_code"].choices = list(self.reasons.items())  # type: ignore[attr-defined]
        else:
            del self.fields["reason_code"]


class LookForm(ReasonForm):
    """Before a look at personal data."""

    reasons = LOOK_REASONS


class NoteForm(ReasonForm):
    """A sentence alone."""
