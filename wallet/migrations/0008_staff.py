"""The staff: what they may do, what they did, the holders they froze."""

from typing import Any

from django.conf import settings
from django.db import migrations, models
from psycopg import sql as compose

import wallet.core.models
from wallet.core.migrations import append_only, grant_execute, protect_table, sql

_ROLE = compose.Identifier(settings.APP_ROLE).as_string(None)
#: As wallet.core.staff had them when this migration was written; later changes are later migrations.
_POWERS = {
    "read_console": "Read the console",
    "look_at_people": "Look at personal data, with a reason",
    "freeze_holder": "Freeze a holder",
    "work_cases": "Work on cases",
    "retry_work": "Have work tried again",
    "propose_money": "Propose a manual credit or debit",
    "approve_money": "Approve a manual credit or debit",
}
_GROUPS = {
    "operator": ("read_console", "look_at_people", "freeze_holder", "work_cases", "retry_work", "propose_money"),
    "approver": ("read_console", "look_at_people", "approve_money"),
    "auditor": ("read_console",),
}


def make_roles(apps: Any, schema_editor: Any) -> None:
    """Django makes permissions only after all migrations, so the groups' own are made here."""
    database = schema_editor.connection.alias
    content_types = apps.get_model("contenttypes", "ContentType").objects.using(database)
    permissions = apps.get_model("auth", "Permission").objects.using(database)
    table, _is_new = content_types.get_or_create(app_label="wallet", model="staffact")
    made = {
        codename: permissions.get_or_create(content_type=table, codename=codename, defaults={"name": name})[0]
        for codename, name in _POWERS.items()
    }
    for name, powers in _GROUPS.items():
        group, _is_new = apps.get_model("auth", "Group").objects.using(database).get_or_create(name=name)
        group.permissions.set([made[one] for one in powers])


class Migration(migrations.Migration):
    dependencies = [
        ("wallet", "0007_rollup"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.CreateModel(
            name="StaffAct",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("actor_kind", models.TextField()),
                ("actor_id", models.TextField()),
                ("act", models.TextField()),
                ("subject", models.TextField()),
                ("holder_id", models.TextField(default="")),
                ("reason_code", models.TextField(default="")),
                ("reason", models.TextField(default="")),
                ("facts", models.JSONField(default=dict)),
                ("at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
            ],
            options={
                "permissions": list(_POWERS.items()),
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["subject", "-at"], name="staffact_of_subject"),
                    models.Index(
                        condition=models.Q(("holder_id", ""), _negated=True),
                        fields=["holder_id", "-at"],
                        name="staffact_of_holder",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reason__regex", "[[:cntrl:]]"), _negated=True),
                            models.Q(("subject__regex", "[[:cntrl:]]"), _negated=True),
                        ),
                        name="staffact_one_line",
                    )
                ],
            },
        ),
        append_only("wallet_staffact"),
        sql("wallet/core/sql/staff.sql"),
        migrations.AddField("recoverycode", "expires_at", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="Freeze",
            fields=[
                ("holder_id", models.TextField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
            ],
        ),
        sql("wallet/users/sql/freezes.sql"),
        sql("wallet/users/sql/proofs.sql"),
        protect_table("wallet_freeze"),
        grant_execute("users_may_spend(text)", "users_set_frozen(text, boolean)"),
        # Roles are made by migrations; the application only says who has which.
        migrations.RunSQL(
            f"REVOKE INSERT, UPDATE, DELETE ON TABLE auth_group, auth_permission, auth_group_permissions FROM {_ROLE}",
            reverse_sql=migrations.RunSQL.noop,
        ),
        migrations.RunPython(make_roles, migrations.RunPython.noop),
    ]
