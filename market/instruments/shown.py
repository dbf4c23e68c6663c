"""The instrument that the address of a page names."""

from __future__ import annotations

from django.http import Http404

from market.errors import AmbiguousSymbol, UnknownSymbol
from market.models import Instrument
from market.queries import instrument_by_address


def instrument_or_404(address: str) -> Instrument:
    """Raises:
    Http404: the address means none, or several.
    """
    try:
        return instrument_by_address(address)
    except (AmbiguousSymbol, UnknownSymbol) as error:
        raise Http404(str(error)) from error
