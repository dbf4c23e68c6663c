"""The words of alerts: kinds, directions, states. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class AlertKind(StrEnum):
    PRICE_ABOVE = "price_above"
    PRICE_BELOW = "price_below"
    CHANGE_PCT = "change_pct"
    SMA_CROSS = "sma_cross"
    RSI_ABOVE = "rsi_above"
    RSI_BELOW = "rsi_below"
    HOLDING_GAIN_PCT = "holding_gain_pct"


class Direction(StrEnum):
    """On which side of its level an alert fires, the level included."""

    ABOVE = "above"
    BELOW = "below"


class AlertStatus(StrEnum):
    ARMED = "armed"  # the next price that meets the condition fires it
    WAITING = "waiting"  # the condition is met already: first the price must return
    TRIGGERED = "triggered"  # fired, and not to fire again


KIND_CHOICES: Final = (
    (AlertKind.PRICE_ABOVE.value, "Price at or above"),
    (AlertKind.PRICE_BELOW.value, "Price at or below"),
    (AlertKind.CHANGE_PCT.value, "Change of the day, in percent"),
    (AlertKind.SMA_CROSS.value, "Price crosses a moving average"),
    (AlertKind.RSI_ABOVE.value, "RSI at or above"),
    (AlertKind.RSI_BELOW.value, "RSI at or below"),
    (AlertKind.HOLDING_GAIN_PCT.value, "Gain of your holding, in percent"),
)
DIRECTION_CHOICES: Final = (
    (Direction.ABOVE.value, "rising to or above it"),
    (Direction.BELOW.value, "falling to or below it"),
)
STATUS_CHOICES: Final = (
    (AlertStatus.ARMED.value, "Armed"),
    (AlertStatus.WAITING.value, "Waiting"),
    (AlertStatus.TRIGGERED.value, "Triggered"),
)
