"""Exchanges and what is listed on them."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from accounts.identifiers import new_id
from market.instruments import instrument_search
from market.instruments.provider_symbols import tidy


def check_provider_symbols(text: str) -> None:
    try:
        tidy(text)
    except ValueError as error:
        raise ValidationError(str(error)) from error


class Exchange(models.Model):
    mic = models.CharField(max_length=4, primary_key=True)  # ISO 10383
    name = models.CharField(max_length=80)
    timezone = models.CharField(max_length=40)  # IANA name
    calendar = models.CharField(max_length=20)  # name in exchange_calendars
    country = models.CharField(max_length=2, blank=True)  # ISO 3166-1

    def __str__(self) -> str:
        return self.mic


class AssetClass(models.TextChoices):
    STOCK = "stock", "Stock"
    FUND = "fund", "Fund"
    BOND = "bond", "Bond"
    CRYPTO = "crypto", "Crypto"
    COMMODITY = "commodity", "Commodity"


class InstrumentQuerySet(models.QuerySet["Instrument"]):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def matching(self, *, search: str | None, exchange: str | None, is_active: bool | None) -> Self:
        """Instruments by what ``instrument_search`` finds, with its ``rank``; exchange, state."""
        found = instrument_search.search(self, search or "")
        if exchange:
            found = found.filter(exchange_id=exchange)
        if is_active is not None:
            found = found.filter(is_active=is_active)
        return found


class Instrument(models.Model):
    """Something with a price. ``id`` is small because every tick and bar carries it."""

    id = models.AutoField(primary_key=True)
    public_id = models.UUIDField(unique=True, default=new_id, editable=False)
    symbol = models.CharField(max_length=24)
    name = models.CharField(max_length=160)
    exchange = models.ForeignKey(Exchange, on_delete=models.PROTECT, related_name="instruments")
    currency = models.CharField(max_length=3)
    asset_class = models.CharField(
        max_length=10, choices=AssetClass.choices, default=AssetClass.STOCK
    )
    isin = models.CharField(max_length=12, blank=True)
    country = models.CharField(max_length=2, blank=True)
    sector = models.CharField(max_length=80, blank=True)
    industry = models.CharField(max_length=120, blank=True)
    # Price × quantity stays exact in the ledger's ten places while the tick keeps at most
    # four and the lot at most six of them.
    tick_size = models.DecimalField(max_digits=12, decimal_places=4, default=Decimal("0.01"))
    lot_size = models.DecimalField(max_digits=14, decimal_places=6, default=Decimal(1))
    is_active = models.BooleanField(default=True)
    # "alpaca=BRK.B yahoo=BRK-B": see market.instruments.provider_symbols.
    provider_symbols = models.CharField(
        max_length=200, blank=True, default="", db_default="", validators=[check_provider_symbols]
    )

    objects: ClassVar[models.Manager[Instrument]] = InstrumentQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["exchange", "symbol"], name="instrument_symbol_once_per_exchange"
            ),
            models.CheckConstraint(
                condition=Q(tick_size__gt=0) & Q(lot_size__gt=0),
                name="instrument_tick_and_lot_positive",
            ),
        )
        indexes = (models.Index(fields=["symbol"], name="instrument_symbol"),)

    def __str__(self) -> str:
        return self.symbol

    @property
    def address(self) -> str:
        """What names it alone, whoever else lists the symbol: ``XNAS:AAPL``."""
        return f"{self.exchange_id}:{self.symbol}"
