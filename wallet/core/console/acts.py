"""What may be done to an object of the console."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.functional import Promise

from wallet.core.staff import Power


@dataclass(frozen=True, slots=True)
class Act:
    """Something that may be done to an object, on a page of its own.

    Args:
        name: the last part of its address.
        label: on its button.
        power: who may.
        form: what is asked.
        do: called with the request, the object and the form's values, in no transaction; refuses with a WalletError.
        may: whether it makes sense for this object now.
        done: what is said afterwards.
        binding: what a passkey must say yes to, for acts that need one.
        explanation: above the form.
        facts: what is agreed to, as labels and values, above the form.
    """

    name: str
    label: str | Promise
    power: Power
    form: type[forms.Form]
    do: Callable[[HttpRequest, Any, Mapping[str, Any]], Any]
    done: str | Promise
    may: Callable[[Any], bool] = field(default=lambda _thing: True)
    binding: Callable[[Any], Mapping[str, str | int]] | None = None
    explanation: str | Promise = ""
    facts: Callable[[Any], list[tuple[str | Promise, str]]] = field(default=lambda _thing: [])
