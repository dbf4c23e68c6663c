"""Alerts, and what fired, which nobody changes afterwards."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import accounts.identifiers

REFUSE_CHANGE = """
CREATE FUNCTION market_refuse_trigger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'What an alert did is not changed afterwards';
END $$;
CREATE TRIGGER alert_trigger_stays BEFORE UPDATE ON market_alerttrigger
    FOR EACH STATEMENT EXECUTE FUNCTION market_refuse_trigger_change();
"""
ALLOW_CHANGE = """
DROP TRIGGER alert_trigger_stays ON market_alerttrigger;
DROP FUNCTION market_refuse_trigger_change();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("market", "0004_exchange_rates"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AlertsSeen",
            fields=[
                (
                    "owner",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("seen_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Alert",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.identifiers.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("price_above", "Price at or above"),
                            ("price_below", "Price at or below"),
                            ("change_pct", "Change of the day, in percent"),
                            ("sma_cross", "Price crosses a moving average"),
                            ("rsi_above", "RSI at or above"),
                            ("rsi_below", "RSI at or below"),
                            ("holding_gain_pct", "Gain of your holding, in percent"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "direction",
                    models.CharField(
                        choices=[
                            ("above", "rising to or above it"),
                            ("below", "falling to or below it"),
                        ],
                        max_length=5,
                    ),
                ),
                ("threshold", models.DecimalField(decimal_places=8, max_digits=20, null=True)),
                (
                    "interval",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("1m", "1 minute"),
                            ("5m", "5 minutes"),
                            ("15m", "15 minutes"),
                            ("30m", "30 minutes"),
                            ("1h", "1 hour"),
                            ("1d", "1 day"),
                        ],
                        max_length=3,
                    ),
                ),
                ("length", models.PositiveSmallIntegerField(null=True)),
                ("fast_length", models.PositiveSmallIntegerField(null=True)),
                ("portfolio_id", models.UUIDField(null=True)),
                ("repeats", models.BooleanField(default=False)),
                ("cooldown_seconds", models.PositiveIntegerField(default=0)),
                ("note", models.CharField(blank=True, max_length=120)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("armed", "Armed"),
                            ("waiting", "Waiting"),
                            ("triggered", "Triggered"),
                        ],
                        max_length=10,
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1)),
                ("compared_at", models.DateTimeField(null=True)),
                ("rearm_at", models.DateTimeField(null=True)),
                ("trigger_count", models.PositiveIntegerField(default=0)),
                ("latest_trigger_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="market.instrument",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alerts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["owner", "-created_at", "-id"], name="alert_newest_of_user"
                    ),
                    models.Index(
                        condition=models.Q(("status", "triggered"), _negated=True),
                        fields=["instrument"],
                        name="alert_active",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "price_above",
                                    "price_below",
                                    "change_pct",
                                    "sma_cross",
                                    "rsi_above",
                                    "rsi_below",
                                    "holding_gain_pct",
                                ],
                            )
                        ),
                        name="alert_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["armed", "waiting", "triggered"])),
                        name="alert_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("direction__in", ["above", "below"])),
                        name="alert_direction_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "sma_cross"), ("threshold", None)),
                            models.Q(
                                models.Q(("kind", "sma_cross"), _negated=True),
                                ("threshold__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="alert_threshold_where_needed",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AlertTrigger",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.identifiers.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("alert_id", models.UUIDField()),
                ("number", models.PositiveIntegerField()),
                ("portfolio_id", models.UUIDField(null=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("price_above", "Price at or above"),
                            ("price_below", "Price at or below"),
                            ("change_pct", "Change of the day, in percent"),
                            ("sma_cross", "Price crosses a moving average"),
                            ("rsi_above", "RSI at or above"),
                            ("rsi_below", "RSI at or below"),
                            ("holding_gain_pct", "Gain of your holding, in percent"),
                        ],
                        max_length=20,
                    ),
                ),
                ("condition", models.CharField(max_length=160)),
                ("note", models.CharField(blank=True, max_length=120)),
                ("level", models.DecimalField(decimal_places=8, max_digits=28)),
                ("price", models.DecimalField(decimal_places=8, max_digits=20)),
                ("occurred_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "instrument",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="market.instrument",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["owner", "-recorded_at", "-id"], name="alert_trigger_newest_of_user"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("alert_id", "number"), name="alert_trigger_once"
                    )
                ],
            },
        ),
        migrations.RunSQL(REFUSE_CHANGE, ALLOW_CHANGE),
    ]
