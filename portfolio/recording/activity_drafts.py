"""The journal entries of activities that have no problems of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from accounts.errors import Problem
from accounts.identifiers import new_id
from portfolio.bookkeeping.amounts import EXACT, PRICE_UNIT, ZERO, product
from portfolio.bookkeeping.claim_entries import claim_entry
from portfolio.bookkeeping.drafts import EntryDraft, EntryKind
from portfolio.bookkeeping.entries import (
    cash_entry,
    charge_entry,
    income_entry,
    trade_entry,
)
from portfolio.bookkeeping.unit_entries import (
    delivery_entry,
    spin_off_entry,
    split_entry,
    with_money_of,
)
from portfolio.errors import ActivityRefused
from portfolio.lots import Method
from portfolio.models import Lot, Portfolio, PortfolioKind
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.recording.booking_rates import BookedMoney, money_of
from portfolio.recording.external_ids import may_be_shared
from portfolio.recording.other_sides import OTHER_KINDS, currencies_of_other_sides

CASH_KINDS: Final = (EntryKind.DEPOSIT, EntryKind.WITHDRAWAL)


def draft_entry(portfolio: Portfolio, activity: ActivityDraft, money: BookedMoney) -> EntryDraft:
    """The journal entry of an activity that has no problems."""
    entry_id = activity.entry_id or new_id()
    facts: dict[str, Any] = {
        "entry_id": entry_id,
        "portfolio_id": portfolio.id,
        "external_id": activity.external_id or f"activity:{entry_id}",
        "occurred_at": activity.occurred_at,
        "currency": money.currency,
        "note": activity.note,
    }
    drafted = draft_units(activity, facts) if activity.is_of_units else draft_money(activity, facts)
    return with_money_of(
        drafted,
        settled_currency=money.settled_currency or money.currency,
        exchange_rate=money.exchange_rate,
        base_rate=money.base_rate,
        local_rate=money.local_rate,
    )


def draft_money(activity: ActivityDraft, facts: dict[str, Any]) -> EntryDraft:
    kind, amount = EntryKind(activity.kind), activity.amount or ZERO
    if kind in (EntryKind.DIVIDEND, EntryKind.INTEREST):
        return income_entry(
            **facts,
            kind=kind,
            amount=amount,
            fees=activity.fees,
            taxes=activity.taxes,
            instrument_id=activity.instrument.id if activity.instrument else None,
        )
    if kind in EntryKind.claims() and activity.instrument is not None:
        return claim_entry(**facts, kind=kind, amount=amount, instrument_id=activity.instrument.id)
    draft = cash_entry if activity.is_delivery or kind in CASH_KINDS else charge_entry
    return draft(**facts, kind=kind, amount=amount)


def draft_units(activity: ActivityDraft, facts: dict[str, Any]) -> EntryDraft:
    """Raises:
    ValueError: its problems were not looked for, and it names no instrument.
    """
    if activity.instrument is None:
        raise ValueError("units were drafted before their problems were looked for")
    kind, facts = EntryKind(activity.kind), facts | {"instrument_id": activity.instrument.id}
    if kind == EntryKind.SPLIT:
        return split_entry(
            **facts,
            ratio_from=activity.ratio_from or ZERO,
            ratio_to=activity.ratio_to or ZERO,
        )
    facts["quantity"] = activity.quantity or ZERO
    if kind == EntryKind.SPIN_OFF and activity.source_instrument is not None:
        return spin_off_entry(
            **facts,
            source_instrument_id=activity.source_instrument.id,
            cost_share=activity.cost_share or ZERO,
        )
    facts |= {"fees": activity.fees, "taxes": activity.taxes, "kind": kind}
    if activity.is_trade:
        price = unit_price_of(activity)
        drafted = trade_entry(**facts, unit_price=price, amount=activity.amount, is_settled=True)
        return replace(drafted, lots=activity.lots) if activity.lots else drafted
    return delivery_entry(
        **facts,
        unit_price=activity.unit_price,
        amount=cost_of(activity),
        lots=activity.lots,
    )


def unit_price_of(activity: ActivityDraft) -> Decimal:
    if activity.unit_price is not None:
        return activity.unit_price
    exact = EXACT.divide(activity.amount or ZERO, activity.quantity or Decimal(1))
    return exact.quantize(PRICE_UNIT, context=EXACT)


def cost_of(activity: ActivityDraft) -> Decimal | None:
    """What delivered units had cost, charges aside; None where their lots say it.

    Units that an adjustment finds cost nothing, unless it says what.
    """
    if activity.kind == EntryKind.TRANSFER_OUT or activity.lots:
        return None
    if activity.amount is not None:
        return abs(activity.amount)
    if activity.unit_price is not None and activity.quantity is not None:
        return product(abs(activity.quantity), activity.unit_price)
    return ZERO if activity.kind == EntryKind.ADJUSTMENT else None


def draft_counterparts(
    portfolio: Portfolio, activities: Sequence[ActivityDraft], drafts: Sequence[EntryDraft]
) -> list[EntryDraft]:
    """The other sides of transfers between two portfolios, under the same external ids.

    Raises:
        ActivityRefused: there is no rate to the other portfolio's currency.
    """
    sides = []
    for activity, draft in zip(activities, drafts, strict=True):
        other = activity.counterpart
        if other is None:
            continue
        mirrored = replace(
            activity,
            kind=OTHER_KINDS[activity.kind],
            currency=portfolio.currency if activity.instrument else draft.currency,
            exchange_rate=None,
            external_id=draft.external_id,
            counterpart=portfolio,  # units that arrive have their cost in its currency
            entry_id=None,
        )
        (money,) = money_of([mirrored], portfolio=other)
        if isinstance(money, Problem):
            raise ActivityRefused([money])
        sides.append(draft_entry(other, mirrored, money))
    return sides


def find_counterpart_problems(activity: ActivityDraft, portfolio: Portfolio) -> Iterator[Problem]:
    """What is wrong with an activity beside other portfolios and the lots there are."""
    yield from find_other_side_problems(activity, portfolio)
    if activity.kind == EntryKind.SELL and activity.lots:
        yield from find_unknown_lots(activity, portfolio)
    has_cost = activity.lots or activity.unit_price is not None or activity.amount is not None
    is_arrival = activity.kind == EntryKind.TRANSFER_IN and activity.instrument is not None
    is_linked = activity.counterpart is not None or may_be_shared(activity.external_id)
    is_known = has_cost or is_linked or not is_arrival
    if not is_known and not currencies_of_other_sides([activity], portfolio):
        message = (
            "say what the units cost (unit_price, amount or lots), or record the other side first"
        )
        yield Problem("unit_price", "required", message)


def find_other_side_problems(activity: ActivityDraft, portfolio: Portfolio) -> Iterator[Problem]:
    other = activity.counterpart
    if other is None:
        return
    field = "counterpart"
    if other.id == portfolio.id:
        yield Problem(field, "invalid", "a transfer needs two portfolios")
    elif other.owner_id != portfolio.owner_id:
        yield Problem(field, "not_same_owner", "both portfolios of a transfer have one owner")
    elif PortfolioKind.PAPER in (other.kind, portfolio.kind):
        yield Problem(field, "not_for_paper", "a paper portfolio takes no transfers")
    if activity.lots or activity.exchange_rate is not None:
        message = "the lots of a transfer between two portfolios are those that leave the other"
        yield Problem("lots" if activity.lots else "exchange_rate", "not_used", message)
    if activity.instrument and (activity.unit_price is not None or activity.amount is not None):
        message = "units of a transfer between two portfolios take their own cost with them"
        yield Problem("unit_price", "not_used", message)


def find_unknown_lots(activity: ActivityDraft, portfolio: Portfolio) -> Iterator[Problem]:
    if portfolio.lot_method == Method.AVERAGE:
        message = "under average cost there are no lots to choose from"
        yield Problem("lots", "not_used", message)
        return
    wanted = {lot.lot_id for lot in activity.lots if lot.lot_id is not None}
    known = Lot.objects.filter(portfolio=portfolio, instrument=activity.instrument, id__in=wanted)
    opened = dict(known.values_list("id", "opened_at"))
    for index, lot in enumerate(activity.lots):
        if lot.lot_id not in opened:
            yield Problem(f"lots.{index}.lot_id", "unknown", f"there is no lot {lot.lot_id}")
        elif opened[lot.lot_id] > activity.occurred_at:
            message = f"the lot {lot.lot_id} was opened after the sale"
            yield Problem(f"lots.{index}.lot_id", "out_of_range", message)
