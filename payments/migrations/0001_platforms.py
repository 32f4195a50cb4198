import django.db.models.deletion
import oauth2_provider.generators
import oauth2_provider.models
from django.conf import settings
from django.db import migrations, models

import privacy.crypto.fields
import wallet.core.ids
import wallet.core.models


class Migration(migrations.Migration):
    initial = True

    # The swapped OAuth application must stand before the library's own tables.
    run_before = [("oauth2_provider", "0001_initial")]
    dependencies = [
        ("cards", "0004_network"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Platform",
            fields=[
                (
                    "client_id",
                    models.CharField(
                        db_index=True,
                        default=oauth2_provider.generators.generate_client_id,
                        max_length=255,
                        unique=True,
                        verbose_name="client ID",
                    ),
                ),
                (
                    "redirect_uris",
                    models.TextField(
                        blank=True, help_text="Allowed URIs list, space separated", verbose_name="redirect URIs"
                    ),
                ),
                (
                    "post_logout_redirect_uris",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="Allowed Post Logout URIs list, space separated",
                        verbose_name="post logout redirect URIs",
                    ),
                ),
                (
                    "client_type",
                    models.CharField(
                        choices=[("confidential", "Confidential"), ("public", "Public")],
                        max_length=32,
                        verbose_name="client type",
                    ),
                ),
                (
                    "authorization_grant_type",
                    models.CharField(
                        choices=[
                            ("authorization-code", "Authorization code"),
                            ("urn:ietf:params:oauth:grant-type:device_code", "Device Code"),
                            ("implicit", "Implicit"),
                            ("password", "Resource owner password-based"),
                            ("client-credentials", "Client credentials"),
                            ("openid-hybrid", "OpenID connect hybrid"),
                        ],
                        max_length=44,
                        verbose_name="authorization grant type",
                    ),
                ),
                (
                    "client_secret",
                    oauth2_provider.models.ClientSecretField(
                        blank=True,
                        db_index=True,
                        default=oauth2_provider.generators.generate_client_secret,
                        help_text="Client secret for authentication",
                        max_length=255,
                        verbose_name="client secret",
                    ),
                ),
                ("hash_client_secret", models.BooleanField(default=False)),
                ("name", models.CharField(blank=True, max_length=255, verbose_name="name")),
                ("skip_authorization", models.BooleanField(default=False, verbose_name="skip authorization")),
                ("created", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated", models.DateTimeField(auto_now=True, verbose_name="updated")),
                (
                    "algorithm",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "No OIDC support"),
                            ("RS256", "RSA with SHA-2 256"),
                            ("HS256", "HMAC with SHA-2 256"),
                        ],
                        default="",
                        max_length=5,
                        verbose_name="algorithm",
                    ),
                ),
                (
                    "allowed_origins",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="Allowed origins list to enable CORS, space separated",
                        verbose_name="allowed origins",
                    ),
                ),
                (
                    "registration_source",
                    models.CharField(
                        choices=[
                            ("manual", "Manual"),
                            ("dcr", "Dynamic Client Registration"),
                            ("cimd", "Client ID Metadata Document"),
                        ],
                        default="manual",
                        help_text="How this application was registered (manual, DCR per RFC 7591, or CIMD)",
                        max_length=32,
                        verbose_name="registration source",
                    ),
                ),
                (
                    "cimd_expires_at",
                    models.DateTimeField(
                        blank=True,
                        default=None,
                        help_text="When the cached Client ID Metadata Document should be re-fetched",
                        null=True,
                        verbose_name="CIMD expires at",
                    ),
                ),
                ("id", wallet.core.ids.IdField(prefix="plat", primary_key=True, serialize=False)),
                (
                    "kind",
                    models.TextField(
                        choices=[("platform", "platform"), ("first_party", "first party")], default="platform"
                    ),
                ),
                ("merchants", models.JSONField(default=list)),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(app_label)s_%(class)s",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "swappable": "OAUTH2_PROVIDER_APPLICATION_MODEL",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "first_party")), fields=("kind",), name="one_first_party_client"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Link",
            fields=[
                ("enc_version", models.BigIntegerField(default=1, editable=False)),
                ("id", wallet.core.ids.IdField(prefix="link", primary_key=True, serialize=False)),
                ("holder_id", models.TextField(db_index=True)),
                ("status", models.TextField(default="minted")),
                ("card_id", models.TextField(null=True)),
                ("alias", privacy.crypto.fields.EncryptedTextField(default="", keys="life")),
                ("can_pay", models.BooleanField(default=False)),
                ("hide_note", models.BooleanField(default=False)),
                ("consent_id", models.TextField(default="")),
                ("created_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("approvals_on", models.DateField(null=True)),
                ("approvals_asked", models.IntegerField(default=0)),
                ("approval_due", models.BooleanField(default=False)),
                (
                    "platform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["minted", "active", "ended"])), name="link_status"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "active")),
                        fields=("holder_id", "platform"),
                        name="one_active_link",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "minted")),
                        fields=("holder_id", "platform"),
                        name="one_minted_link",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Mandate",
            fields=[
                (
                    "link",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="payments.link",
                    ),
                ),
                ("one_tap", models.BooleanField(default=True)),
                ("refunds", models.BooleanField(default=False)),
                ("currency", models.TextField()),
                ("per_payment_minor", models.BigIntegerField()),
                ("per_day_minor", models.BigIntegerField()),
                ("per_week_minor", models.BigIntegerField(null=True)),
                ("until", models.DateTimeField(null=True)),
                ("day_on", models.DateField(null=True)),
                ("day_used_minor", models.BigIntegerField(default=0)),
                ("week_on", models.DateField(null=True)),
                ("week_used_minor", models.BigIntegerField(default=0)),
                ("updated_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("per_payment_minor__gte", 0),
                            ("per_day_minor__gte", 0),
                            ("day_used_minor__gte", 0),
                            ("week_used_minor__gte", 0),
                        ),
                        name="mandate_not_negative",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Block",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("holder_id", models.TextField()),
                ("blocked_id", models.TextField()),
                ("created_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("holder_id", "blocked_id"), name="one_block")],
            },
        ),
        migrations.CreateModel(
            name="AuthorizationCode",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=255, unique=True, verbose_name="code")),
                ("expires", models.DateTimeField(verbose_name="expires")),
                ("redirect_uri", models.TextField(verbose_name="redirect URI")),
                ("scope", models.TextField(blank=True, verbose_name="scope")),
                ("created", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated", models.DateTimeField(auto_now=True, verbose_name="updated")),
                (
                    "code_challenge",
                    models.CharField(blank=True, default="", max_length=128, verbose_name="code challenge"),
                ),
                (
                    "code_challenge_method",
                    models.CharField(
                        blank=True,
                        choices=[("plain", "plain"), ("S256", "S256")],
                        default="",
                        max_length=10,
                        verbose_name="code challenge method",
                    ),
                ),
                ("nonce", models.CharField(blank=True, default="", max_length=255, verbose_name="nonce")),
                ("claims", models.TextField(blank=True, verbose_name="claims")),
                (
                    "resource",
                    oauth2_provider.models.ResourceJSONField(blank=True, default=list, verbose_name="resource"),
                ),
                ("redeemed_at", models.DateTimeField(null=True)),
                ("token_family", models.UUIDField(null=True)),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
                        verbose_name="application",
                    ),
                ),
                (
                    "link",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="payments.link"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(app_label)s_%(class)s",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "swappable": "OAUTH2_PROVIDER_GRANT_MODEL",
            },
        ),
    ]
