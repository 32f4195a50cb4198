import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import privacy.crypto.fields
import wallet.core.models
from wallet.core.migrations import grant_execute, sql


class Migration(migrations.Migration):
    dependencies = [("wallet", "0005_activity")]

    operations = [
        migrations.CreateModel(
            name="TokenDomain",
            fields=[
                ("ref", models.TextField(primary_key=True, serialize=False)),
                ("holder_id", models.TextField(default="")),
                ("name", models.TextField()),
                (
                    "merchants",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                ("created_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
            ],
        ),
        migrations.CreateModel(
            name="CardNumber",
            fields=[
                ("enc_version", models.BigIntegerField(default=1, editable=False)),
                ("card_id", models.TextField(primary_key=True, serialize=False)),
                ("holder_id", models.TextField(db_index=True)),
                ("pan", privacy.crypto.fields.EncryptedTextField(keys="life")),
                ("pan_index", models.BinaryField(max_length=32, unique=True)),
                ("last4", models.TextField()),
                ("expiry", models.TextField()),
                ("cvc_version", models.IntegerField()),
                ("created_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                ("shredded_at", models.DateTimeField(null=True)),
                (
                    "domain",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cards.tokendomain"
                    ),
                ),
            ],
            options={"abstract": False},
        ),
        sql("cards/vault/sql/find.sql"),
        grant_execute("vault_find(bytea)", "vault_terms(text)"),
    ]
