"""The instrument master: find, read, and for administrators change."""

from typing import Final

from django.utils import timezone
from ninja import File, Query, Router
from ninja.files import UploadedFile
from ninja.responses import Status

from accounts.auth import KeyAuth
from accounts.cursors import Listing
from accounts.http import ApiRequest
from accounts.idempotency import idempotent
from market import queries
from market.instruments import instrument_master, instrument_search
from market.instruments.instrument_uploads import take_in_upload
from market.models import Instrument
from market.models.instruments import InstrumentQuerySet
from market.schemas import (
    InstrumentImportOut,
    InstrumentIn,
    InstrumentList,
    InstrumentOut,
    InstrumentPatch,
    InstrumentSearch,
)

router: Final = Router(tags=["Instruments"])


@router.get("/instruments", response=InstrumentList, auth=KeyAuth("read"))
def list_instruments(request: ApiRequest, wanted: Query[InstrumentSearch]) -> InstrumentList:
    """Active instruments by how well they match `search`, typing errors forgiven, or by symbol."""
    filters = wanted.model_dump(exclude={"limit", "cursor"})
    found = Listing(request.auth, "instruments", filters).page(
        matching(wanted),
        order=instrument_search.ORDER,
        limit=wanted.limit,
        cursor=wanted.cursor,
    )
    items = [InstrumentOut.from_instrument(instrument) for instrument in found.items]
    return InstrumentList(items=items, next_cursor=found.next_cursor)


def matching(wanted: InstrumentSearch) -> InstrumentQuerySet:
    exchange = wanted.exchange and wanted.exchange.upper()
    found = Instrument.objects.matching(search=wanted.search, exchange=exchange, is_active=True)
    if wanted.sector:
        found = found.filter(sector__iexact=wanted.sector)
    if wanted.priced_from is not None:
        found = found.filter(quote_snapshot__last__gte=wanted.priced_from)
    if wanted.priced_to is not None:
        found = found.filter(quote_snapshot__last__lte=wanted.priced_to)
    return found


@router.get("/instruments/{symbol}", response=InstrumentOut, auth=KeyAuth("read"))
def get_instrument(request: ApiRequest, symbol: str) -> InstrumentOut:
    """One instrument. Where several exchanges list a symbol, say which: `XLON:VOD`."""
    return InstrumentOut.from_instrument(queries.instrument_by_address(symbol))


@router.post("/instruments", response={201: InstrumentOut}, auth=KeyAuth("admin"))
@idempotent(required=False)
def create_instrument(request: ApiRequest, payload: InstrumentIn) -> Status[InstrumentOut]:
    """Add an instrument to the master."""
    instrument = instrument_master.list_instrument(**payload.model_dump(), listed_at=timezone.now())
    return Status(201, InstrumentOut.from_instrument(instrument))


@router.patch("/instruments/{symbol}", response=InstrumentOut, auth=KeyAuth("admin"))
def change_instrument(request: ApiRequest, symbol: str, payload: InstrumentPatch) -> InstrumentOut:
    """Correct facts about an instrument."""
    instrument = instrument_master.change_instrument(
        queries.instrument_by_address(symbol),
        changes=payload.model_dump(exclude_none=True),
        changed_at=timezone.now(),
    )
    return InstrumentOut.from_instrument(instrument)


@router.delete("/instruments/{symbol}", response={204: None}, auth=KeyAuth("admin"))
def deactivate_instrument(request: ApiRequest, symbol: str) -> Status[None]:
    """Take an instrument out of trading. Its prices and everybody's history stay."""
    instrument_master.change_instrument(
        queries.instrument_by_address(symbol),
        changes={"is_active": False},
        changed_at=timezone.now(),
    )
    return Status(204, None)


@router.post("/instrument-imports", response={201: InstrumentImportOut}, auth=KeyAuth("admin"))
@idempotent(required=False)
def create_instrument_import(
    request: ApiRequest, file: File[UploadedFile]
) -> Status[InstrumentImportOut]:
    """Create and correct instruments from a CSV: all of its rows, or none where one is wrong."""
    done = take_in_upload(file, imported_at=timezone.now())
    return Status(201, InstrumentImportOut.from_import(done))
