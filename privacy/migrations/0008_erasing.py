"""Erasures: how far each is, and when the law's clock ends."""

from django.db import migrations, models

from wallet.core.models import DatabaseNow


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0007_exports"),
    ]

    operations = [
        migrations.CreateModel(
            name="Erasure",
            fields=[
                ("holder_id", models.TextField(primary_key=True, serialize=False)),
                ("status", models.TextField(default="requested")),
                ("requested_at", models.DateTimeField(db_default=DatabaseNow())),
                ("done_at", models.DateTimeField(null=True)),
                ("law_due_at", models.DateTimeField(null=True)),
                ("law_done_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "done"), _negated=True),
                        fields=["requested_at"],
                        name="erasure_unfinished",
                    ),
                    models.Index(
                        condition=models.Q(("law_done_at", None)), fields=["law_due_at"], name="erasure_law_due"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["requested", "paying_out", "needs_destination", "done"])),
                        name="erasure_status",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("done_at__isnull", False), ("law_due_at__isnull", False), ("status", "done")),
                            models.Q(
                                models.Q(("status", "done"), _negated=True), ("done_at", None), ("law_done_at", None)
                            ),
                            _connector="OR",
                        ),
                        name="erasure_done_has_clock",
                    ),
                ],
            },
        ),
    ]
