"""Which facts each kind of activity needs, and which it has no use for."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from accounts.errors import Problem
from market.values import plain
from portfolio.bookkeeping.amounts import HUNDREDTH, ZERO, product
from portfolio.bookkeeping.drafts import EntryKind
from portfolio.recording.activity_rules import (
    LOTS_MAXIMUM,
    NUMBER_MAXIMUM,
    RATIO_MAXIMUM,
    ActivityDraft,
    find_number_problem,
)

MONEY_KINDS: Final = (EntryKind.DEPOSIT, EntryKind.WITHDRAWAL, EntryKind.FEE, EntryKind.TAX)


def find_shape_problems(activity: ActivityDraft) -> Iterator[Problem]:
    """Fields that the kind needs or has no use for."""
    yield from find_stray_problems(activity)
    if activity.is_trade:
        yield from find_trade_problems(activity)
        yield from find_pick_problems(activity)
    elif activity.kind == EntryKind.SPLIT:
        yield from find_split_problems(activity)
    elif activity.kind == EntryKind.SPIN_OFF:
        yield from find_spin_off_problems(activity)
    elif activity.is_delivery:
        yield from find_delivery_problems(activity)
    else:
        yield from find_money_problems(activity)


def find_stray_problems(activity: ActivityDraft) -> Iterator[Problem]:
    """Facts of one kind that another has no use for."""
    kind = activity.kind
    for field, is_given, kinds in (
        ("ratio_from", activity.ratio_from is not None, (EntryKind.SPLIT,)),
        ("ratio_to", activity.ratio_to is not None, (EntryKind.SPLIT,)),
        ("from_symbol", activity.source_instrument is not None, (EntryKind.SPIN_OFF,)),
        ("cost_share", activity.cost_share is not None, (EntryKind.SPIN_OFF,)),
        ("lots", bool(activity.lots), (EntryKind.SELL, EntryKind.TRANSFER_IN)),
        (
            "counterpart",
            activity.counterpart is not None,
            (EntryKind.TRANSFER_IN, EntryKind.TRANSFER_OUT),
        ),
    ):
        if is_given and kind not in kinds:
            yield Problem(field, "not_used", f"a {kind} has no {field}")


def find_money_problems(activity: ActivityDraft) -> Iterator[Problem]:
    """Of kinds that move money alone."""
    if activity.amount is None:
        yield Problem("amount", "required", f"a {activity.kind} needs an amount")
    for field in ("quantity", "unit_price"):
        if getattr(activity, field) is not None:
            yield Problem(field, "not_used", f"a {activity.kind} has no {field}")
    if activity.kind == EntryKind.DIVIDEND and activity.instrument is None:
        yield Problem("symbol", "required", "a dividend needs the symbol that paid it")
    if activity.kind in MONEY_KINDS:
        yield from find_charge_problems(activity)
        if activity.instrument is not None:
            yield Problem("symbol", "not_used", f"a {activity.kind} has no symbol")


def find_charge_problems(activity: ActivityDraft) -> Iterator[Problem]:
    if activity.fees or activity.taxes:
        message = f"a {activity.kind} has no fees or taxes of its own; record them beside it"
        yield Problem("fees" if activity.fees else "taxes", "not_used", message)


def find_trade_problems(activity: ActivityDraft) -> Iterator[Problem]:
    if activity.instrument is None:
        yield Problem("symbol", "required", f"a {activity.kind} needs a symbol")
    quantity, unit_price, amount = activity.quantity, activity.unit_price, activity.amount
    if quantity is None:
        yield Problem("quantity", "required", f"a {activity.kind} needs a quantity")
    if unit_price is None and amount is None:
        yield Problem("unit_price", "required", "give the unit price or the gross amount")
    is_sane = all(
        number is None or (number.is_finite() and 0 <= number <= NUMBER_MAXIMUM)
        for number in (quantity, unit_price, amount)
    )
    if not is_sane or quantity is None or unit_price is None:
        return
    gross = product(quantity, unit_price)
    if gross > NUMBER_MAXIMUM:
        message = f"quantity × unit_price was {gross}, must be at most {NUMBER_MAXIMUM:f}"
        yield Problem("quantity", "out_of_range", message)
    elif amount is not None and abs(amount - gross) > HUNDREDTH:
        message = f"amount was {amount}, quantity × unit_price is {gross}; give one of them"
        yield Problem("amount", "disagrees", message)


def find_pick_problems(activity: ActivityDraft) -> Iterator[Problem]:
    """The lots that a sale names must be what it sells."""
    if activity.kind != EntryKind.SELL or not activity.lots:
        return
    yield from find_lot_problems(activity)
    if any(lot.lot_id is None for lot in activity.lots):
        yield Problem("lots", "required", "each lot of a sale needs its lot_id")


def find_lot_problems(activity: ActivityDraft) -> Iterator[Problem]:
    if len(activity.lots) > LOTS_MAXIMUM:
        message = f"{len(activity.lots)} lots were given, at most {LOTS_MAXIMUM} are allowed"
        yield Problem("lots", "too_many", message)
        return
    for index, lot in enumerate(activity.lots):
        found = list(find_number_problem("quantity", lot.quantity, is_zero_allowed=False))
        if lot.cost is not None:
            found += find_number_problem("cost", lot.cost, is_zero_allowed=True)
        for one in found:
            yield Problem(f"lots.{index}.{one.field}", one.code, one.message)
        if lot.opened_at is not None and lot.opened_at > activity.occurred_at:
            message = "opened_at lies after the transfer"
            yield Problem(f"lots.{index}.opened_at", "out_of_range", message)
        if found:
            return
    total = sum((lot.quantity for lot in activity.lots), ZERO)
    quantity = activity.quantity
    if quantity is not None and quantity.is_finite() and total != quantity:
        message = f"the lots have {plain(total)} units, the {activity.kind} {plain(quantity)}"
        yield Problem("lots", "disagrees", message)


def find_split_problems(activity: ActivityDraft) -> Iterator[Problem]:
    if activity.instrument is None:
        yield Problem("symbol", "required", "a split needs a symbol")
    for field in ("ratio_from", "ratio_to"):
        ratio: Decimal | None = getattr(activity, field)
        if ratio is None:
            yield Problem(field, "required", f"a split needs {field}: 1 and 4 quarter the price")
        elif not ratio.is_finite() or not 0 < ratio <= RATIO_MAXIMUM:
            message = f"{field} was {ratio}, must be > 0 and at most {RATIO_MAXIMUM}"
            yield Problem(field, "out_of_range", message)
        else:
            yield from find_number_problem(field, ratio, is_zero_allowed=False)
    for field in ("quantity", "unit_price", "amount"):
        if getattr(activity, field) is not None:
            yield Problem(field, "not_used", f"a split has no {field}; its ratio says it all")
    yield from find_charge_problems(activity)


def find_spin_off_problems(activity: ActivityDraft) -> Iterator[Problem]:
    if activity.instrument is None:
        yield Problem("symbol", "required", "a spin-off needs the symbol of the new instrument")
    if activity.source_instrument is None:
        message = "a spin-off needs from_symbol, the instrument that it came out of"
        yield Problem("from_symbol", "required", message)
    elif activity.source_instrument == activity.instrument:
        yield Problem("from_symbol", "invalid", "from_symbol was the new instrument itself")
    if activity.quantity is None:
        yield Problem("quantity", "required", "a spin-off needs the units received")
    share = activity.cost_share
    if share is None:
        message = "a spin-off needs cost_share, the fraction of the cost that goes with it"
        yield Problem("cost_share", "required", message)
    elif not share.is_finite() or not 0 <= share <= 1:
        yield Problem("cost_share", "out_of_range", f"cost_share was {share}, must be 0 to 1")
    else:
        yield from find_number_problem("cost_share", share, is_zero_allowed=True)
    for field in ("unit_price", "amount"):
        if getattr(activity, field) is not None:
            yield Problem(field, "not_used", f"a spin-off has no {field}; cost_share says it")
    yield from find_charge_problems(activity)


def find_delivery_problems(activity: ActivityDraft) -> Iterator[Problem]:
    """A transfer or an adjustment is of units or of money."""
    kind = activity.kind
    if activity.instrument is None:
        if activity.amount is None:
            message = f"a {kind} needs a symbol and a quantity, or an amount of money"
            yield Problem("amount", "required", message)
        for field in ("quantity", "unit_price"):
            if getattr(activity, field) is not None:
                yield Problem("symbol", "required", f"a {kind} of units needs a symbol")
                break
        if activity.lots:
            yield Problem("lots", "not_used", "money has no lots")
        yield from find_charge_problems(activity)
        return
    if activity.quantity is None:
        yield Problem("quantity", "required", f"a {kind} of {activity.instrument.symbol} needs it")
    if kind == EntryKind.TRANSFER_OUT:
        yield from find_charge_problems(activity)
    elif activity.lots:
        yield from find_lot_problems(activity)
        if any(lot.cost is None for lot in activity.lots):
            yield Problem("lots", "required", "each lot that a transfer brings needs its cost")
