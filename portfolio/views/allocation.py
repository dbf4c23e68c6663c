"""What a portfolio is made of: a treemap and the same as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET

from accounts.http import InvestorRequest
from accounts.policies import signed_in
from portfolio.holdings.allocation import Allocation, Dimension, Slice, allocation
from portfolio.holdings.treemap import Tile, squarified
from portfolio.views.explain_links import ExplainLinks
from portfolio.views.home import Choice
from portfolio.views.portfolios import find_portfolio, tab_context

LABELS: Final = {
    Dimension.INSTRUMENT: "Instrument",
    Dimension.SECTOR: "Sector",
    Dimension.ASSET_CLASS: "Class",
    Dimension.CURRENCY: "Currency",
    Dimension.COUNTRY: "Country",
}
# Words do not stretch, so a phone has a drawing of its own.
SIZES: Final = {"wide": (960, 420), "tall": (360, 460)}


@dataclass(frozen=True, slots=True)
class Box:
    """A tile with what stands in it; ``label`` is empty where there is no room."""

    slice: Slice
    tile: Tile
    label: str


@dataclass(frozen=True, slots=True)
class Drawing:
    name: str
    width: int
    height: int
    boxes: Sequence[Box]


@signed_in
@require_GET
def allocation_tab(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    portfolio = find_portfolio(request, portfolio_id)
    asked = request.GET.get("by", "")
    by = Dimension(asked) if asked in set(Dimension) else Dimension.INSTRUMENT
    found = allocation(portfolio, by)
    context = tab_context(portfolio, "allocation") | {
        "found": found,
        "by_label": LABELS[by],
        "is_by_instrument": by == Dimension.INSTRUMENT,
        "explains": ExplainLinks.of(portfolio, by=by.value, key=""),
        "drawings": drawings(found),
        "by_choices": [
            Choice(label, f"?by={one.value}", one == by) for one, label in LABELS.items()
        ],
    }
    return TemplateResponse(request, "portfolio/allocation.html", context)


def drawings(found: Allocation) -> list[Drawing]:
    """The treemap of what has a value above zero; a debt has no area."""
    shown = [(one, float(one.value)) for one in found.slices if one.value and one.value > 0]
    drawn = []
    for name, (width, height) in SIZES.items():
        tiles = squarified([value for _, value in shown], width=width, height=height)
        boxes = [Box(shown[tile.place][0], tile, label_of(shown, tile)) for tile in tiles]
        drawn.append(Drawing(name, width, height, boxes))
    return drawn if shown else []


def label_of(shown: Sequence[tuple[Slice, float]], tile: Tile) -> str:
    """As many letters of the key or the name as fit."""
    room, one = tile.label_letters, shown[tile.place][0]
    text = one.key if one.symbols == [one.key] else one.label
    if not room or len(text) <= room:
        return text if room else ""
    return f"{text[: room - 1]}…"
