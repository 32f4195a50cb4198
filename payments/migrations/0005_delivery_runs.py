from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0004_webhooks"),
    ]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="attempts_before",
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="delivery",
            name="calling_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="endpoint",
            name="failing_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="endpoint",
            name="resting_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["endpoint", "-created_at", "-id"], name="delivery_of_endpoint"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(condition=models.Q(("status", "pending")), fields=["endpoint"], name="delivery_pending"),
        ),
    ]
