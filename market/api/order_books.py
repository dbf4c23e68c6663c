"""The order book of an instrument for programs."""

from typing import Annotated, Final

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field

from accounts import exact_json
from accounts.auth import KeyAuth
from accounts.http import ApiRequest
from market import queries
from market.depth.order_books import book_to_wire
from market.depth.resting_orders import order_book_of
from market.depth.schemas import OrderBookOut
from market.instruments.short_addresses import address_as_found

router: Final = Router(tags=["Prices"])


class BookWanted(BaseModel):
    depth: Annotated[
        int,
        Field(ge=1, le=settings.LIMITS.book_levels_maximum, description="levels a side"),
    ] = settings.LIMITS.book_levels


@router.get("/instruments/{symbol}/order-book", response=OrderBookOut, auth=KeyAuth("read"))
def get_order_book(request: ApiRequest, symbol: str, wanted: Query[BookWanted]) -> HttpResponse:
    """What is bid and offered: the street's levels and users' resting orders, by price."""
    instrument = queries.instrument_by_address(symbol)
    book = order_book_of(instrument, depth=wanted.depth, at=timezone.now())
    answer = {"symbol": address_as_found(symbol, instrument), "currency": instrument.currency}
    answer |= book_to_wire(book)
    return HttpResponse(exact_json.render(answer), content_type="application/json; charset=utf-8")
