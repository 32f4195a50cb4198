import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from psycopg import sql as compose

import privacy.crypto.fields
import wallet.core.ids
import wallet.core.models
from wallet.core.migrations import append_only

_ROLE = compose.Identifier(settings.APP_ROLE).as_string(None)


class Migration(migrations.Migration):
    dependencies = [
        ("cards", "0006_tokens"),
    ]

    operations = [
        migrations.CreateModel(
            name="CaseDecision",
            fields=[
                ("enc_version", models.BigIntegerField(default=1, editable=False)),
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "decision",
                    models.TextField(
                        choices=[("open", "Open"), ("resolved", "Resolved"), ("charged", "Charged"), ("given", "Given")]
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                ("staff", models.TextField()),
                ("note", privacy.crypto.fields.EncryptedTextField(keys="service", max_length=500)),
                ("at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
            ],
        ),
        migrations.CreateModel(
            name="Chargeback",
            fields=[
                ("id", wallet.core.ids.IdField(prefix="cbk", primary_key=True, serialize=False)),
                (
                    "status",
                    models.TextField(choices=[("open", "Open"), ("won", "Won"), ("lost", "Lost")], default="open"),
                ),
                ("amount_minor", models.BigIntegerField()),
                ("credited_minor", models.BigIntegerField(default=0)),
                ("currency", models.TextField()),
                ("opened_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="networkmessage",
            name="networkmessage_once",
        ),
        migrations.AddField(
            model_name="authorization",
            name="lost_minor",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="authorization",
            name="refund_reversed_minor",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="networkmessage",
            name="sequence",
            field=models.SmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="queuedcase",
            name="kept_minor",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="queuedcase",
            name="lost_minor",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="queuedcase",
            name="status",
            field=models.TextField(
                choices=[("open", "Open"), ("resolved", "Resolved"), ("charged", "Charged"), ("given", "Given")],
                db_default="open",
                default="open",
            ),
        ),
        migrations.AlterField(
            model_name="networkmessage",
            name="kind",
            field=models.TextField(
                choices=[
                    ("authorization", "Authorization"),
                    ("increment", "Increment"),
                    ("reversal", "Reversal"),
                    ("capture", "Capture"),
                    ("force_post", "Force Post"),
                    ("refund", "Refund"),
                    ("refund_reversal", "Refund Reversal"),
                    ("chargeback", "Chargeback"),
                    ("chargeback_won", "Chargeback Won"),
                    ("chargeback_lost", "Chargeback Lost"),
                ]
            ),
        ),
        migrations.AlterField(
            model_name="queuedcase",
            name="kind",
            field=models.TextField(
                choices=[
                    ("authorization", "Authorization"),
                    ("increment", "Increment"),
                    ("reversal", "Reversal"),
                    ("capture", "Capture"),
                    ("force_post", "Force Post"),
                    ("refund", "Refund"),
                    ("refund_reversal", "Refund Reversal"),
                    ("chargeback", "Chargeback"),
                    ("chargeback_won", "Chargeback Won"),
                    ("chargeback_lost", "Chargeback Lost"),
                ]
            ),
        ),
        migrations.AddIndex(
            model_name="queuedcase",
            index=models.Index(condition=models.Q(("status", "open")), fields=["at"], name="queuedcase_open"),
        ),
        migrations.AddConstraint(
            model_name="networkmessage",
            constraint=models.UniqueConstraint(
                fields=("network", "ref", "kind", "sequence"), name="networkmessage_once"
            ),
        ),
        migrations.RunSQL(
            "UPDATE cards_queuedcase SET status = 'resolved' WHERE resolved_at IS NOT NULL",
            reverse_sql=migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name="queuedcase",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["open", "resolved", "charged", "given"])), name="queuedcase_status"
            ),
        ),
        migrations.AddConstraint(
            model_name="queuedcase",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("resolved_at", None), ("status", "open")),
                    models.Q(models.Q(("status", "open"), _negated=True), ("resolved_at__isnull", False)),
                    _connector="OR",
                ),
                name="queuedcase_resolved",
            ),
        ),
        migrations.AddField(
            model_name="casedecision",
            name="case",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="decided", to="cards.queuedcase"
            ),
        ),
        migrations.AddField(
            model_name="chargeback",
            name="authorization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="chargebacks", to="cards.authorization"
            ),
        ),
        migrations.AddConstraint(
            model_name="casedecision",
            constraint=models.CheckConstraint(
                condition=models.Q(("decision__in", ["open", "resolved", "charged", "given"])),
                name="casedecision_decision",
            ),
        ),
        migrations.AddConstraint(
            model_name="casedecision",
            constraint=models.CheckConstraint(condition=models.Q(("amount_minor__gte", 0)), name="casedecision_amount"),
        ),
        migrations.AddConstraint(
            model_name="chargeback",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["open", "won", "lost"])), name="chargeback_status"
            ),
        ),
        migrations.AddConstraint(
            model_name="chargeback",
            constraint=models.CheckConstraint(
                condition=models.Q(("credited_minor__gte", 0), ("credited_minor__lte", models.F("amount_minor"))),
                name="chargeback_credited_within",
            ),
        ),
        # A decision about a case is never rewritten; a chargeback is never deleted.
        append_only("cards_casedecision"),
        migrations.RunSQL(
            f"REVOKE DELETE, TRUNCATE ON TABLE cards_chargeback FROM {_ROLE}", reverse_sql=migrations.RunSQL.noop
        ),
    ]
