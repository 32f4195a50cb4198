"""One index that answers who got what how often, and which exposures those were."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("privacy", "0008_erasing")]

    operations = [
        migrations.AddIndex(
            "Exposure",
            models.Index(
                fields=["holder_id", "-at", "-id"], include=["recipient", "fields"], name="exposure_of_holder_told"
            ),
        ),
        migrations.RemoveIndex("Exposure", "exposure_of_holder"),
    ]
