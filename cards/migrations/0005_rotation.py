"""Index keys that rotate: a second column for the vault's index, and wrong tries counted by the card."""

from django.db import migrations, models

import privacy.crypto.fields
from wallet.core.migrations import sql


class Migration(migrations.Migration):
    dependencies = [("cards", "0004_network"), ("privacy", "0004_rotation")]

    operations = [
        migrations.AlterField(
            "CardNumber",
            "pan_index",
            privacy.crypto.fields.BlindIndexField(of="pan", keeps_emptied=True, unique=True, editable=False),
        ),
        migrations.AddField(
            "CardNumber",
            "pan_index_next",
            privacy.crypto.fields.NextIndexField(of="pan_index", unique=True, null=True, editable=False),
        ),
        migrations.AlterField("NetworkMessage", "body_hash", models.BinaryField(max_length=34)),
        migrations.AddField("Mismatch", "subject", models.TextField(default=""), preserve_default=False),
        migrations.RunSQL(
            "UPDATE cards_mismatch m SET subject = coalesce("
            "(SELECT n.card_id FROM cards_cardnumber n WHERE n.pan_index = m.pan_index), encode(m.pan_index, 'hex'))",
            reverse_sql=migrations.RunSQL.noop,
        ),
        migrations.RemoveConstraint("Mismatch", "mismatch_once"),
        migrations.RemoveField("Mismatch", "pan_index"),
        migrations.AddConstraint("Mismatch", models.UniqueConstraint(fields=("subject", "day"), name="mismatch_once")),
        sql("cards/vault/sql/find_while_rotating.sql"),
        sql("cards/authorizations/sql/tries.sql"),
    ]
