import django.db.models.deletion
from django.db import migrations, models

import privacy.crypto.fields
from wallet.core.migrations import grant_execute, protect_table, sql


class Migration(migrations.Migration):
    """Further numbers of a card, for one place each.

    The table of numbers is named by the number and no longer by the card. What is there are cards' own numbers: each
    keeps the card's id as its own, so its ciphertext, which is bound to the row's id, stays as it is and no key is
    needed here.
    """

    dependencies = [("cards", "0005_rotation")]

    operations = [
        migrations.RenameField("cardnumber", "card_id", "id"),
        # The key's pattern index keeps its name otherwise, and the new column's would be called the same.
        migrations.RunSQL(
            "ALTER INDEX IF EXISTS cards_cardnumber_card_id_1cbc0b6b_like RENAME TO cards_cardnumber_id_like",
            reverse_sql=migrations.RunSQL.noop,
        ),
        migrations.AddField("cardnumber", "card_id", models.TextField(null=True)),
        migrations.RunSQL("UPDATE cards_cardnumber SET card_id = id", reverse_sql=migrations.RunSQL.noop),
        migrations.AlterField("cardnumber", "card_id", models.TextField(db_index=True)),
        migrations.AddField("cardnumber", "per_payment_minor", models.BigIntegerField(null=True)),
        migrations.AddField("cardnumber", "total_minor", models.BigIntegerField(null=True)),
        migrations.AddField("cardnumber", "ends_on", models.DateField(null=True)),
        migrations.AddConstraint(
            "cardnumber",
            models.CheckConstraint(
                condition=models.Q(("id", models.F("card_id")), ("id__startswith", "num_"), _connector="OR"),
                name="cardnumber_named",
            ),
        ),
        migrations.AddConstraint(
            "cardnumber",
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(("per_payment_minor", None), ("per_payment_minor__gt", 0), _connector="OR"),
                    models.Q(("total_minor", None), ("total_minor__gt", 0), _connector="OR"),
                ),
                name="cardnumber_limits",
            ),
        ),
        migrations.AddConstraint(
            "cardnumber",
            models.UniqueConstraint(
                condition=models.Q(("shredded_at", None)), fields=("card_id", "last4"), name="cardnumber_last4_apart"
            ),
        ),
        migrations.CreateModel(
            name="NumberPlace",
            fields=[
                ("enc_version", models.BigIntegerField(default=1, editable=False)),
                (
                    "number",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="place",
                        serialize=False,
                        to="cards.cardnumber",
                    ),
                ),
                ("holder_id", models.TextField()),
                ("place", privacy.crypto.fields.EncryptedJSONField(keys="life")),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="NumberSpending",
            fields=[
                (
                    "number",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="spending",
                        serialize=False,
                        to="cards.cardnumber",
                    ),
                ),
                ("spent_minor", models.BigIntegerField()),
                ("payments", models.IntegerField()),
                ("used_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField("authorization", "number", models.TextField(db_default="", default="")),
        migrations.AddField("reveal", "number", models.TextField(db_default="", default="")),
        # Payments so far were made with cards' own numbers.
        migrations.RunSQL(
            "UPDATE cards_authorization SET number = card_id WHERE card_id IS NOT NULL",
            reverse_sql=migrations.RunSQL.noop,
        ),
        sql("cards/vault/sql/tokens.sql"),
        sql("cards/authorizations/sql/numbers.sql"),
        grant_execute(
            "vault_find(bytea)",
            "vault_terms(text)",
            "vault_count(text, bigint)",
            "vault_give_back(text, bigint)",
            "cards_snapshot(bytea, text, text, text)",
        ),
        protect_table("cards_numberspending"),
    ]
