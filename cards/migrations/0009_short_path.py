"""The two statements of an authorization, shorter; the second is a transaction of its own."""

from django.db import migrations

from wallet.core.migrations import grant_execute, sql


class Migration(migrations.Migration):
    dependencies = [
        ("cards", "0008_frozen_holders"), ("wallet", "0011_short_path"), ("privacy", "0010_disclose_one"),
    ]  # fmt: skip

    operations = [
        sql("cards/issuing/sql/locking.sql"),
        sql("cards/authorizations/sql/reading.sql"),
        sql("cards/authorizations/sql/placing.sql"),
        grant_execute(
            "cards_place(text, text, text, bytea, jsonb, text, text, text, bigint, text, bigint, bigint, text, text, text,"
            " bytea, bytea, boolean, boolean, bigint, bigint, bigint, bigint, bigint, bigint, timestamptz, text,"
            " text, text, text, text, text, bytea, text, timestamptz, text, text[], bytea, bytea, interval)"
        ),
    ]
