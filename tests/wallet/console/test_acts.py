"""What the staff did stays as it was written, on one line; and work that was laid aside is tried again."""

import io
import json

import psycopg
import pytest
from django.core.management import call_command
from django.db import IntegrityError, ProgrammingError, connection, transaction

from tests import environment
from tests.payments import cast
from tests.support.staff import join
from wallet.core import clock, outbox, staff
from wallet.core.actors import Actor
from wallet.core.models import OutboxEntry, StaffAct

pytestmark = pytest.mark.django_db(transaction=True)

OWNER = environment.URLS["owner"].replace("{db}", environment.DATABASE)


def sqlstate(error: Exception) -> str:
    return str(getattr(error.__cause__, "sqlstate", ""))


def test_a_reason_is_kept_on_one_line_without_a_card_number():
    """Break: keep what was typed as it is."""
    olga, holder = join("operator"), cast.holder()
    typed = "Called in\r\n2026-11-24 staff.act forged=yes\x1b[2K 4242 4242 4242 4242"
    values = {"reason_code": "security", "reason": typed}
    assert olga.client.post(f"/operator/wallet/holder/{holder.id}/freeze/", values).status_code == 302
    act = StaffAct.objects.get(subject=holder.id, act="holder.freeze")
    assert act.reason == "Called in 2026-11-24 staff.act forged=yes [2K [card number]"


def test_the_table_itself_refuses_a_second_line():
    """Break: leave the constraint out of the migration."""
    with pytest.raises(IntegrityError, match="staffact_one_line"), transaction.atomic():
        StaffAct.objects.create(actor_kind="staff", actor_id="x", act="x", subject="x", reason="one\ntwo")


@pytest.mark.parametrize("statement", ["UPDATE wallet_staffact SET act = 'x'", "DELETE FROM wallet_staffact"])
def test_nobody_rewrites_what_the_staff_did(statement: str):
    """Not the application role, and not the owner. Break: leave `append_only` or the trigger out of the migration."""
    with transaction.atomic():
        staff.record(actor=Actor.system("test"), act="test", subject="test", now=clock.now())
    with pytest.raises(ProgrammingError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert sqlstate(refused.value) == "42501"
    with psycopg.connect(OWNER) as owner, pytest.raises(psycopg.Error) as denied:
        owner.execute(statement)
    assert denied.value.sqlstate == "PV009"


@pytest.mark.parametrize("table", ["auth_group", "auth_group_permissions", "auth_permission"])
def test_the_application_makes_no_roles(table: str):
    """Break: leave the REVOKE out of the migration."""
    with pytest.raises(ProgrammingError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table}")
    assert sqlstate(refused.value) == "42501"


def test_what_was_laid_aside_is_tried_again_and_nothing_else_is():
    """Break: leave `permissions` out of the action."""
    with transaction.atomic():
        dead, alive = (outbox.enqueue(topic="test.nobody", ref=f"test_{n}", due_at=clock.now()) for n in range(2))
    OutboxEntry.objects.filter(pk=dead.pk).update(dead_at=clock.now(), attempts=30, last_error="KeyError")
    OutboxEntry.objects.filter(pk=alive.pk).update(attempts=7)
    body = {"action": "try_again", "_selected_action": [dead.pk, alive.pk]}
    assert join("auditor").client.post("/operator/wallet/outboxentry/", body).status_code in {200, 302, 403}
    assert OutboxEntry.objects.get(pk=dead.pk).attempts == 30
    olga = join("operator")
    assert olga.client.post("/operator/wallet/outboxentry/", body).status_code == 302
    revived = OutboxEntry.objects.get(pk=dead.pk)
    assert (revived.dead_at, revived.attempts) == (None, 0)
    assert OutboxEntry.objects.get(pk=alive.pk).attempts == 7
    assert StaffAct.objects.filter(act="outbox.try_again", actor_id=olga.holder.id).count() == 1
    OutboxEntry.objects.filter(pk__in=[dead.pk, alive.pk]).update(done_at=clock.now())


def test_the_command_prints_one_document():
    out = io.StringIO()
    call_command("create_staff", role=["auditor", "approver"], json=True, stdout=out)
    said = json.loads(out.getvalue())
    assert set(said) == {"staff", "url", "code", "expires_at"}
    acts = StaffAct.objects.filter(subject=said["staff"])
    assert [(one.act, one.facts) for one in acts] == [("staff.create", {"roles": "approver auditor"})]
    assert said["code"] not in json.dumps([one.facts for one in acts])
