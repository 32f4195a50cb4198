from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0011_dispute_fees"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(condition=models.Q(("status", "dead")), fields=["ended_at"], name="delivery_dead"),
        ),
    ]
