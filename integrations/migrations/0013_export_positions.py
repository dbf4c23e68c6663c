from django.db import migrations, models

DATASETS = ("ticks", "bars", "fills", "journal", "valuations", "positions", "everything")


class Migration(migrations.Migration):
    dependencies = [("integrations", "0012_guard_live_orders")]

    operations = [
        migrations.RemoveConstraint(model_name="export", name="export_dataset_known"),
        migrations.AlterField(
            model_name="export",
            name="dataset",
            field=models.CharField(
                choices=[
                    ("ticks", "Ticks"),
                    ("bars", "Bars"),
                    ("fills", "Fills"),
                    ("journal", "Journal"),
                    ("valuations", "Valuations"),
                    ("positions", "Positions by day"),
                    ("everything", "Everything of mine"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="export",
            constraint=models.CheckConstraint(
                condition=models.Q(("dataset__in", list(DATASETS))),
                name="export_dataset_known",
            ),
        ),
    ]
