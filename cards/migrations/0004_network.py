from django.db import migrations


class Migration(migrations.Migration):
    """The sandbox network keeps nothing of its own; Stripe Issuing's tables come here."""

    dependencies = [("cards", "0003_authorizations")]

    operations = []
