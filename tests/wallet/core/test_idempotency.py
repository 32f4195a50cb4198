"""One key, one effect, one answer (contract.md Conventions, settled.md 3)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from wallet.core import idempotency
from wallet.core.holder_api import is_stored
from wallet.core.ids import new_id
from wallet.core.models import IdempotencyKey

Ask = Callable[..., tuple[dict[str, Any], bool]]


@pytest.fixture
def ask() -> Ask:
    """Ask with a key; the effect answers what it was told to, and counts."""
    holder = new_id("holder")

    def ask(
        key: str, body: Any, answer: dict[str, Any], *, holder_id: str = holder, path: str = "/v1/cards"
    ) -> tuple[dict[str, Any], bool]:
        with transaction.atomic():
            scope = idempotency.Scope("session", holder_id, "POST", path)
            return idempotency.once(scope=scope, key=key, body=body, effect=lambda: answer, is_stored=is_stored)

    return ask


@pytest.mark.django_db(transaction=True)
def test_a_repeated_request_gets_the_first_answer(ask: Ask) -> None:
    """Break: call the effect before looking for the row."""
    assert ask("k", {"a": 1}, {"status": 201, "body": {"id": "first"}}) == (
        {"status": 201, "body": {"id": "first"}},
        False,
    )
    assert ask("k", {"a": 1}, {"status": 201, "body": {"id": "second"}}) == (
        {"status": 201, "body": {"id": "first"}},
        True,
    )


@pytest.mark.django_db(transaction=True)
def test_another_body_under_the_same_key_is_refused(ask: Ask) -> None:
    ask("k", {"a": 1}, {"status": 201, "body": {}})
    with pytest.raises(idempotency.KeyReused):
        ask("k", {"a": 2}, {"status": 201, "body": {}})


@pytest.mark.django_db(transaction=True)
def test_the_order_of_members_is_no_other_body(ask: Ask) -> None:
    ask("k", {"a": 1, "b": 2}, {"status": 200, "body": {}})
    assert ask("k", {"b": 2, "a": 1}, {"status": 200, "body": {}})[1]


@pytest.mark.django_db(transaction=True)
def test_two_people_may_use_the_same_key(ask: Ask) -> None:
    """Break: leave the holder out of the scope, and bob reads alice's answer."""
    ask("k", {}, {"status": 201, "body": {"id": "hers"}})
    assert ask("k", {}, {"status": 201, "body": {"id": "his"}}, holder_id=new_id("holder"))[0]["body"] == {"id": "his"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("status", "stays"), [(200, True), (201, True), (402, True), (404, False), (409, False), (422, False), (503, False)]
)
def test_only_success_and_a_refusal_of_money_are_kept(ask: Ask, status: int, stays: bool) -> None:  # noqa: FBT001 - a parameter of the table
    ask("k", {}, {"status": status, "body": {"n": 1}})
    assert ask("k", {}, {"status": status, "body": {"n": 2}})[1] is stays


@pytest.mark.django_db(transaction=True)
def test_a_raised_refusal_leaves_the_key_free(ask: Ask) -> None:
    holder = new_id("holder")
    scope = idempotency.Scope("session", holder, "POST", "/v1/cards")

    def refuse() -> dict[str, Any]:
        raise ValueError

    with pytest.raises(ValueError), transaction.atomic():  # noqa: PT011 - the stand-in for any refusal
        idempotency.once(scope=scope, key="k", body={}, effect=refuse, is_stored=is_stored)
    assert ask("k", {}, {"status": 201, "body": {}}, holder_id=holder)[1] is False


@pytest.mark.django_db(transaction=True)
def test_the_stored_answer_is_sealed_and_goes_with_its_holder(ask: Ask) -> None:
    holder = new_id("holder")
    ask("k", {"secret": "canary-in-body"}, {"status": 201, "body": {"x": "canary-in-answer"}}, holder_id=holder)
    row = IdempotencyKey.objects.get(holder_id=holder)
    assert b"canary" not in bytes(row.answer) + bytes(row.body_hash) + bytes(row.scope)
    idempotency.forget_holder(holder)
    assert not IdempotencyKey.objects.filter(holder_id=holder).exists()


@pytest.mark.parametrize(
    ("header", "key"), [("abc", "abc"), ('"abc"', "abc"), ("a" * 255, "a" * 255), ('"a\\"b"', 'a"b')]
)
def test_a_key_comes_bare_or_quoted(header: str, key: str) -> None:
    assert idempotency.read_key(header) == key


@pytest.mark.parametrize("header", ["", '""', "a" * 256, "clé", "a\tb"])
def test_what_is_no_key_is_refused(header: str) -> None:
    with pytest.raises(idempotency.KeyUnreadable):
        idempotency.read_key(header)


def test_a_missing_key_is_refused_as_missing() -> None:
    with pytest.raises(idempotency.KeyMissing):
        idempotency.read_key(None)
