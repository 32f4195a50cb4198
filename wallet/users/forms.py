"""What people type about themselves: a password, a code, a passkey's name."""

from django import forms
from django.utils.translation import gettext_lazy as _


class SignUpPasswordForm(forms.Form):
    """A password to go with the generated sign-in name."""

    username = forms.CharField(
        label=_("Your sign-in name"),
        help_text=_("Made at random, so that it says nothing about you. Keep it with your password."),
        widget=forms.TextInput(attrs={"readonly": True, "autocomplete": "username"}),
        required=False,
    )
    password = forms.CharField(
        label=_("Password"),
        help_text=_("At least 12 characters: let your browser make one, or take four unrelated words."),
        max_length=200, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "minlength": 12}),
    )  # fmt: skip


class SignInForm(forms.Form):
    """Sign-in name and password."""

    username = forms.CharField(
        label=_("Sign-in name"), max_length=80,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "username", "autocapitalize": "none", "spellcheck": "false",
                "placeholder": "amber-heron-4821",
            }
        ),
    )  # fmt: skip
    password = forms.CharField(
        label=_("Password"), max_length=200, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )  # fmt: skip


class CodeForm(forms.Form):
    """A recovery code."""

    code = forms.CharField(
        label=_("Recovery code"), max_length=60,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false",
                "placeholder": "ABCD-EFGH-JKMN-PQRS-TVWX",
            }
        ),
    )  # fmt: skip


class CodeBackForm(CodeForm):
    """One of the codes, typed back."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["code"].label = _("One of these codes, to be sure")
        self.fields["code"].help_text = _("Type any of the ten from where you wrote them down.")


class PasskeyNameForm(forms.Form):
    """A passkey's name."""

    name = forms.CharField(label=_("Name"), max_length=60)


class ConfirmPasswordForm(forms.Form):
    """The present password, before a key is changed."""

    password = forms.CharField(
        label=_("Your password"), max_length=200, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )  # fmt: skip


class ChangePasswordForm(forms.Form):
    """The present and the next password."""

    old = forms.CharField(
        label=_("Present password"), max_length=200, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )  # fmt: skip
    new = forms.CharField(
        label=_("New password"), max_length=200, strip=False, help_text=_("At least 12 characters."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "minlength": 12}),
    )  # fmt: skip
