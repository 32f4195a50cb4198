"""Two people for what one must not do alone."""

from django.db import migrations, models

import wallet.core.ids
import wallet.core.models
from wallet.core.migrations import grant_execute, protect_table, sql


class Migration(migrations.Migration):
    dependencies = [("wallet", "0008_staff")]

    operations = [
        migrations.CreateModel(
            name="Proposal",
            fields=[
                ("id", wallet.core.ids.IdField(prefix="prop", primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("status", models.TextField(default="open")),
                ("holder_id", models.TextField()),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.TextField()),
                ("reason_code", models.TextField()),
                ("reason", models.TextField()),
                ("proposed_by", models.TextField()),
                ("proposed_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                ("expires_at", models.DateTimeField()),
                ("decided_by", models.TextField(default="")),
                ("decided_at", models.DateTimeField(null=True)),
                ("ceremony", models.BigIntegerField(null=True, unique=True)),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("status", "open")), fields=["expires_at"], name="proposal_waiting")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["open", "posted", "rejected", "expired"])),
                        name="proposal_status",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["manual_credit", "manual_debit"])), name="proposal_kind"
                    ),
                    models.CheckConstraint(condition=models.Q(("amount_minor__gt", 0)), name="proposal_amount"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "posted"), _negated=True),
                            models.Q(
                                ("ceremony__isnull", False),
                                models.Q(("decided_by", ""), _negated=True),
                                models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="proposal_needs_two",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("proposed_by", ""), _negated=True), models.Q(("reason", ""), _negated=True)
                        ),
                        name="proposal_says_who_and_why",
                    ),
                ],
            },
        ),
        sql("wallet/approvals/sql/proposals.sql"),
        protect_table("wallet_proposal"),
        grant_execute(
            "approvals_propose(text, text, text, bigint, text, text, text, text)",
            "approvals_approve(text, text, bigint, bigint, timestamptz)",
            "approvals_reject(text, text)",
            "approvals_expire()",
        ),
    ]
