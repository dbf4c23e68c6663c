"""The ledger's tables.

Which entry posts what, with which sign, is written in ``portfolio/bookkeeping/entries.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.identifiers import new_id
from market.models import Instrument
from portfolio.bookkeeping.entries import EntryKind, LedgerAccountKind
from portfolio.bookkeeping.spendable import Spendable
from portfolio.models.portfolios import Portfolio

__all__ = [
    "EntryKind",
    "Hold",
    "JournalEntry",
    "LedgerAccount",
    "LedgerAccountKind",
    "LedgerBalance",
    "Posting",
]

ONE_COMMODITY = Q(currency="", instrument__isnull=False) | (
    ~Q(currency="") & Q(instrument__isnull=True)
)


def kind_choices(kinds: Iterable[StrEnum]) -> list[tuple[str, str]]:
    """Kinds with the words that people read for them."""
    return [(kind.value, kind.value.replace("_", " ").capitalize()) for kind in kinds]


class LedgerAccount(models.Model):
    """One account of a portfolio in one commodity: a currency or an instrument. Immutable."""

    id = models.BigAutoField(primary_key=True)
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.PROTECT, related_name="ledger_accounts", db_index=False
    )
    kind = models.CharField(max_length=12, choices=kind_choices(LedgerAccountKind))
    currency = models.CharField(max_length=3, blank=True)
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = (
            models.CheckConstraint(condition=ONE_COMMODITY, name="ledger_account_one_commodity"),
            models.UniqueConstraint(
                fields=["portfolio", "kind", "currency", "instrument"],
                nulls_distinct=False,
                name="ledger_account_once",
            ),
        )


class LedgerBalance(Spendable, models.Model):
    """What a portfolio has of one commodity: its four asset accounts in one row.

    One row, so that one lock and one CHECK guard what an order may reserve:
    ``available = settled + to_receive + to_deliver - held``. ``to_deliver`` is <= 0, and
    ``settled`` may dip below zero when a purchase paid by a sale settles before that sale.
    ``accrued`` is owned and no part of that: nobody can spend a dividend before it is paid.
    """

    id = models.BigAutoField(primary_key=True)
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.PROTECT, related_name="balances", db_index=False
    )
    currency = models.CharField(max_length=3, blank=True)
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    settled = models.DecimalField(max_digits=28, decimal_places=10, default=Decimal(0))
    to_receive = models.DecimalField(max_digits=28, decimal_places=10, default=Decimal(0))
    to_deliver = models.DecimalField(max_digits=28, decimal_places=10, default=Decimal(0))
    held = models.DecimalField(max_digits=28, decimal_places=10, default=Decimal(0))
    accrued = models.DecimalField(
        max_digits=28, decimal_places=10, default=Decimal(0), db_default=Decimal(0)
    )
    may_go_negative = models.BooleanField(default=False)
    version = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=ONE_COMMODITY, name="ledger_balance_one_commodity"),
            models.UniqueConstraint(
                fields=["portfolio", "currency", "instrument"],
                nulls_distinct=False,
                name="ledger_balance_once",
            ),
            models.CheckConstraint(condition=Q(held__gte=0), name="ledger_balance_held_positive"),
            models.CheckConstraint(
                condition=Q(accrued__gte=0), name="ledger_balance_accrued_positive"
            ),
            models.CheckConstraint(
                condition=Q(may_go_negative=True)
                | Q(settled__gte=F("held") - F("to_receive") - F("to_deliver")),
                name="ledger_balance_not_overdrawn",
            ),
        )


class JournalEntry(models.Model):
    """Something that happened to a portfolio, with the facts that its postings follow from.

    Append-only. ``quantity`` is always > 0 and the kind says the direction; ``amount`` is the
    gross money moved, > 0, in ``currency``; ``fees`` and ``taxes`` are >= 0 and on top. An
    adjustment alone has its direction in the sign of its quantity or amount.

    The table has one column more than this class: ``recorded_xid``, the transaction that wrote
    the row, by which the database refuses postings that come later.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.PROTECT, related_name="entries", db_index=False
    )
    kind = models.CharField(max_length=12, choices=kind_choices(EntryKind))
    external_id = models.CharField(max_length=120)
    body_hash = models.BinaryField(max_length=32)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=timezone.now)
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    quantity = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    unit_price = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    amount = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    fees = models.DecimalField(max_digits=28, decimal_places=10, default=Decimal(0))
    taxes = models.DecimalField(max_digits=28, decimal_places=10, default=Decimal(0))
    currency = models.CharField(max_length=3)
    exchange_rate = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    note = models.CharField(max_length=300, blank=True)
    reverses = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="reversed_by"
    )
    restates = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    # The cash that moved, where it is not of ``currency``: what a booked rate made of it. Of units
    # without money: in what the other side of a transfer is, where that was recorded first.
    settled_currency = models.CharField(max_length=3, blank=True, default="", db_default="")
    # The portfolio's currency for one of the settled, as known when the entry was recorded.
    base_rate = models.DecimalField(
        max_digits=28, decimal_places=14, default=Decimal(1), db_default=Decimal(1)
    )
    # The instrument's currency for one of ``currency``.
    local_rate = models.DecimalField(
        max_digits=28, decimal_places=14, default=Decimal(1), db_default=Decimal(1)
    )
    ratio_from = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    ratio_to = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    # Of a spin-off: the instrument whose cost is shared, and the fraction that leaves it.
    source_instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    cost_share = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    lots = models.JSONField(null=True)  # see portfolio.bookkeeping.drafts.LotFact

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["portfolio", "external_id"], name="journal_entry_once_per_external_id"
            ),
            models.CheckConstraint(
                condition=Q(quantity=None)
                | Q(quantity__gt=0)
                | (Q(kind__in=["adjustment", "reversal"]) & ~Q(quantity=0)),
                name="journal_entry_quantity_positive",
            ),
            models.CheckConstraint(
                condition=Q(fees__gte=0) & Q(taxes__gte=0),
                name="journal_entry_charges_not_negative",
            ),
            models.CheckConstraint(
                condition=(Q(ratio_from=None) & Q(ratio_to=None))
                | (Q(kind__in=["split", "reversal"]) & Q(ratio_from__gt=0) & Q(ratio_to__gt=0)),
                name="journal_entry_ratio_of_a_split",
            ),
            models.CheckConstraint(
                condition=Q(base_rate__gt=0) & Q(local_rate__gt=0),
                name="journal_entry_rates_positive",
            ),
        )
        indexes = (
            models.Index(fields=["portfolio", "occurred_at", "id"], name="journal_entry_by_time"),
            models.Index(
                fields=["portfolio", "instrument", "occurred_at", "id"],
                condition=Q(kind__in=[kind.value for kind in EntryKind.unit_changes()]),
                name="journal_entry_unit_changes",
            ),
            models.Index(
                fields=["portfolio", "source_instrument"],
                condition=Q(source_instrument__isnull=False),
                name="journal_entry_spin_offs",
            ),
            models.Index(
                fields=["portfolio", "instrument"],
                condition=Q(restates__isnull=False),
                name="journal_entry_restatements",
            ),
            models.Index(
                fields=["portfolio", "instrument", "occurred_at", "id"],
                condition=Q(kind__in=[kind.value for kind in EntryKind.of_the_market()]),
                name="journal_entry_of_the_market",
            ),
            models.Index(
                fields=["instrument", "quantity"],
                condition=Q(kind__in=["transfer_in", "transfer_out"]),
                name="journal_entry_transfers",
            ),
        )


class Posting(models.Model):
    """An amount that one entry moves into (> 0) or out of (< 0) one ledger account. Append-only.

    Neither reference is a foreign key in the database. One trigger per statement checks more
    than two keys would (the entry is new in this transaction, the account is of the entry's
    portfolio), and what is referenced can be neither changed nor removed.
    """

    id = models.BigAutoField(primary_key=True)
    entry = models.ForeignKey(
        JournalEntry, on_delete=models.PROTECT, related_name="postings", db_constraint=False
    )
    ledger_account = models.ForeignKey(
        LedgerAccount,
        on_delete=models.PROTECT,
        related_name="postings",
        db_constraint=False,
        db_index=False,
    )
    amount = models.DecimalField(max_digits=28, decimal_places=10)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=~Q(amount=0), name="posting_amount_not_zero"),
        )


class Hold(models.Model):
    """Cash or units reserved for an order; fills consume it, the rest is released once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    balance = models.ForeignKey(
        LedgerBalance, on_delete=models.PROTECT, related_name="holds", db_index=False
    )
    reference = models.UUIDField(unique=True)  # the order's id; orders live in a higher app
    amount = models.DecimalField(max_digits=28, decimal_places=10)
    remaining = models.DecimalField(max_digits=28, decimal_places=10)
    placed_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(amount__gt=0) & Q(remaining__gte=0) & Q(remaining__lte=F("amount")),
                name="hold_remaining_within_amount",
            ),
            models.CheckConstraint(
                condition=Q(released_at=None) | Q(remaining=0), name="hold_released_is_empty"
            ),
        )
        indexes = (
            models.Index(
                fields=["balance"], condition=Q(released_at=None), name="hold_open_by_balance"
            ),
        )
