from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0018_tell_of_adjusted_orders"),
    ]

    operations = [
        migrations.AddField(
            model_name="brokerrow",
            name="event_id",
            field=models.CharField(blank=True, db_default="", default="", max_length=110),
        ),
    ]
