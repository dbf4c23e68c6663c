"""Order entry can stop: while a stop stands, the database takes no new orders, whoever writes."""

from django.db import migrations, models

# Per statement, and one look at an index of at most one row.
REFUSE = """
CREATE FUNCTION trading_refuse_while_stopped() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM trading_orderentrystop WHERE reopened_at IS NULL) THEN
        RAISE EXCEPTION 'order entry is stopped' USING ERRCODE = 'HF001';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER order_entry_is_open BEFORE INSERT ON trading_order
    FOR EACH STATEMENT EXECUTE FUNCTION trading_refuse_while_stopped();
"""
ALLOW = """
DROP TRIGGER order_entry_is_open ON trading_order;
DROP FUNCTION trading_refuse_while_stopped();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0006_place_stop_orders"),
    ]

    operations = [
        migrations.CreateModel(
            name="OrderEntryStop",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("reason", models.CharField(max_length=300)),
                ("stopped_at", models.DateTimeField()),
                ("reopened_at", models.DateTimeField(null=True)),
                ("reopened_by_id", models.UUIDField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("reopened_at", None)),
                        fields=("reopened_at",),
                        name="order_entry_stopped_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("reopened_at", None),
                            ("reopened_at__gte", models.F("stopped_at")),
                            _connector="OR",
                        ),
                        name="order_entry_reopened_after_stop",
                    ),
                ],
            },
        ),
        migrations.RunSQL(REFUSE, ALLOW),
    ]
