"""The forms of the developer's corner."""

from django import forms
from django.utils.translation import gettext_lazy as _

from payments.platforms.clients import MOST_REDIRECTS
from payments.webhooks.catalogue import SUBSCRIBABLE


class RedirectsForm(forms.Form):
    """Where people may be sent back to."""

    redirect_uris = forms.CharField(
        label=_("Redirect addresses"), max_length=6000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "off"}),
        help_text=_("One on each line, compared character by character. https; in the sandbox also http://127.0.0.1:…"),
    )  # fmt: skip

    def clean_redirect_uris(self) -> list[str]:
        """One a line."""
        lines = [line.strip() for line in self.cleaned_data["redirect_uris"].splitlines() if line.strip()]
        if len(lines) > MOST_REDIRECTS:
            raise forms.ValidationError(_("At most ten."))
        return lines


class AppForm(RedirectsForm):
    """A new app."""

    field_order = ("name", "redirect_uris")
    name = forms.CharField(
        label=_("Name of the app"), max_length=60, help_text=_("People read it when they link you, and in their log.")
    )


class EndpointForm(forms.Form):
    """Where to send webhooks, and which."""

    url = forms.CharField(
        label=_("Address"), max_length=500,
        widget=forms.URLInput(attrs={"spellcheck": "false", "autocapitalize": "off", "placeholder": "https://"}),
        help_text=_("https on port 443 at a public address; in the sandbox also http://127.0.0.1:…"),
    )  # fmt: skip
    events = forms.MultipleChoiceField(
        label=_("Which events"), choices=[(one, one) for one in SUBSCRIBABLE], required=False,
        widget=forms.CheckboxSelectMultiple, help_text=_("None ticked: all of them."),
    )  # fmt: skip
