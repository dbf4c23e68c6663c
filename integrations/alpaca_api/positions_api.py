"""Positions for Alpaca's client: reading and closing them."""

from decimal import Decimal
from typing import Any, Final

from django.http import HttpResponse
from django.utils import timezone
from ninja import Query, Router

from accounts.errors import NotFound
from accounts.http import ApiRequest
from integrations.alpaca_api.answers import answer
from integrations.alpaca_api.asset_json import (
    ASSET_CLASS,
    asset_exchange,
    find_instrument,
)
from integrations.alpaca_api.credentials import AccountAuth, account_of
from integrations.alpaca_api.held_units import held_json
from integrations.alpaca_api.order_schemas import CloseWanted
from integrations.alpaca_api.orders_api import place, recorded
from integrations.alpaca_api.refusals import is_short_of_units, order_refusal
from market.live.live_quotes import latest_quotes
from market.values import QuoteValue, plain, plain_or_none
from portfolio.models import LedgerBalance, Portfolio
from portfolio.queries import PositionRow, position_rows
from trading.changing import cancellation, closing
from trading.changing.closing import Closure
from trading.changing.closing_requests import in_lots, market_sale

router: Final = Router(tags=["Alpaca"])

HUNDRED: Final = Decimal(100)


@router.get("/v2/positions", auth=AccountAuth("read"))
def list_positions(request: ApiRequest) -> HttpResponse:
    """What the account holds, by symbol."""
    return answer(positions_json(account_of(request)))


@router.get("/v2/positions/{symbol}", auth=AccountAuth("read"))
def get_position(request: ApiRequest, symbol: str) -> HttpResponse:
    """What the account holds of one instrument."""
    instrument = find_instrument(symbol)
    wanted = str(instrument.public_id)
    for found in positions_json(account_of(request)):
        if found["asset_id"] == wanted:
            return answer(found)
    raise NotFound("position does not exist")


def positions_json(account: Portfolio) -> list[dict[str, Any]]:
    rows = position_rows(account)
    quotes = latest_quotes(row.instrument_id for row in rows)
    free = available_units(account)
    return [
        position_json(
            row, quote=quotes.get(row.instrument_id), available=free.get(row.instrument_id)
        )
        for row in rows
    ]


def available_units(account: Portfolio) -> dict[int | None, Decimal]:
    """By instrument: units that no working order sells."""
    balances = LedgerBalance.objects.filter(portfolio=account, instrument__isnull=False)
    return {balance.instrument_id: balance.available for balance in balances}


def position_json(
    row: PositionRow, *, quote: QuoteValue | None, available: Decimal | None
) -> dict[str, Any]:
    """Percentages of Alpaca's are fractions."""
    return {
        "asset_id": str(row.instrument.public_id),
        "symbol": row.symbol,
        "exchange": asset_exchange(row.instrument),
        "asset_class": ASSET_CLASS,
        "asset_marginable": False,
        "qty": plain(row.quantity),
        "qty_available": plain_or_none(available),
        "side": "long",
        "avg_entry_price": plain(row.average_cost or Decimal(0)),
        "cost_basis": plain(row.cost),
        "market_value": plain_or_none(row.market_value),
        "unrealized_pl": plain_or_none(row.unrealised_gain),
        "unrealized_plpc": fraction(row.unrealised_gain_pct),
        "unrealized_intraday_pl": plain_or_none(row.day_change),
        "unrealized_intraday_plpc": fraction(row.day_change_pct),
        "current_price": plain_or_none(row.price),
        "lastday_price": plain_or_none(quote.previous_close) if quote else None,
        "change_today": fraction(quote.change_pct) if quote else None,
    }


def fraction(pct: Decimal | None) -> str | None:
    return None if pct is None else plain(pct / HUNDRED)


@router.delete("/v2/positions/{symbol}", auth=AccountAuth("trade"))
def close_position(request: ApiRequest, symbol: str, wanted: Query[CloseWanted]) -> HttpResponse:
    """Sell at the market all of a position, or so much of it; 403 where orders hold that."""
    account, instrument = account_of(request), find_instrument(symbol)
    held = LedgerBalance.objects.filter(portfolio=account, instrument=instrument).first()
    if held is None or held.total <= 0:
        raise NotFound("position does not exist")
    quantity = wanted.quantity_of(held.total, lot_size=instrument.lot_size)
    return place(request, account, market_sale(instrument, quantity))


@router.delete("/v2/positions", auth=AccountAuth("trade"))
def close_positions(request: ApiRequest, cancel_orders: bool = False) -> HttpResponse:
    """Sell every position at the market, with an outcome for each.

    One of which orders hold units is sold when they have ended, where they are to be cancelled,
    and refused otherwise.
    """
    account, now = account_of(request), timezone.now()
    if cancel_orders:
        cancellation.cancel_orders(
            portfolio_id=account.id, requested_at=now, actor_id=request.auth.user.id
        )
    closures = closing.close_positions(
        portfolio_id=account.id,
        closed_at=now,
        actor_id=request.auth.user.id,
        cancels_orders=cancel_orders,
    )
    return answer([outcome_json(account, one) for one in closures], status=207)


def outcome_json(account: Portfolio, closure: Closure) -> dict[str, Any]:
    symbol = closure.instrument.symbol
    if closure.order is not None:
        body = recorded(closure.order.id)
        return {"symbol": symbol, "order_id": body["id"], "status": 200, "body": body}
    if closure.is_pending:
        body = {"code": 20200000, "message": "sold when its open orders are canceled"}
        return {"symbol": symbol, "status": 202, "body": body | {"symbol": symbol}}
    status, refused = order_refusal(closure.problems)
    if is_short_of_units(closure.problems):
        wanted = in_lots(closure.left, closure.instrument)
        refused |= held_json(account, closure.instrument, wanted=wanted)
    return {"symbol": symbol, "status": status, "body": refused | {"symbol": symbol}}
