"""A wrong code that the network found itself counts as a try."""

from django.db import migrations

from wallet.core.migrations import grant_execute


class Migration(migrations.Migration):
    dependencies = [("cards", "0012_issuing_at_stripe")]

    operations = [grant_execute("cards_count_mismatch(bytea)")]
