"""People's keys and sessions."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import privacy.crypto.fields
import wallet.core.models


class Migration(migrations.Migration):
    dependencies = [("privacy", "0003_exposure"), ("wallet", "0001_floor")]

    operations = [
        migrations.AddField("holder", "recovered_at", models.DateTimeField(null=True)),
        migrations.AddField("holder", "codes_kept_at", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="Passkey",
            fields=[
                ("enc_version", models.BigIntegerField(default=1, editable=False)),
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "holder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="passkeys",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("credential_id", models.BinaryField(unique=True)),
                ("credential", models.BinaryField()),
                ("name", privacy.crypto.fields.EncryptedTextField(keys="life")),
                ("sign_count", models.BigIntegerField(default=0)),
                ("suspected_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                ("last_used_at", models.DateTimeField(null=True)),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="RecoveryCode",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "holder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="recovery_codes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("used_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Ceremony",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("purpose", models.TextField()),
                (
                    "holder",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("challenge", models.BinaryField(max_length=32)),
                ("binding", models.BinaryField(max_length=32, null=True)),
                ("asked_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow(), db_index=True)),
                ("answered_at", models.DateTimeField(null=True)),
                ("verified_at", models.DateTimeField(null=True)),
                ("used_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Session",
            fields=[
                ("session_key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("session_data", models.TextField(verbose_name="session data")),
                ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                (
                    "holder",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sessions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("device", models.TextField(default="")),
                ("started_at", models.DateTimeField()),
            ],
            options={"verbose_name": "session", "verbose_name_plural": "sessions", "abstract": False},
        ),
    ]
