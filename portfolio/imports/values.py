"""What a file holds on its way to activities. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Field(StrEnum):
    """What a column can hold; the names of the contract's activity, and some more to find it."""

    KIND = "kind"
    OCCURRED_AT = "occurred_at"
    TIME = "time"  # of the day, where it has a column of its own
    SYMBOL = "symbol"
    ISIN = "isin"
    NAME = "name"
    QUANTITY = "quantity"
    UNIT_PRICE = "unit_price"
    AMOUNT = "amount"  # gross
    NET_AMOUNT = "net_amount"  # what moved, charges counted in
    FEES = "fees"
    TAXES = "taxes"
    CURRENCY = "currency"
    EXCHANGE_RATE = "exchange_rate"
    EXTERNAL_ID = "external_id"
    NOTE = "note"
    PORTFOLIO = "portfolio"
    RATIO_FROM = "ratio_from"
    RATIO_TO = "ratio_to"
    FROM_SYMBOL = "from_symbol"  # of a spin-off: what it came out of
    COST_SHARE = "cost_share"
    LOTS = "lots"  # of a sale or a transfer, as ``named_lots`` reads them


NUMBERS: Final = (
    *(Field.QUANTITY, Field.UNIT_PRICE, Field.AMOUNT, Field.NET_AMOUNT, Field.FEES, Field.TAXES),
    *(Field.EXCHANGE_RATE, Field.RATIO_FROM, Field.RATIO_TO, Field.COST_SHARE),
)
Values = dict[Field, str]


class DateOrder(StrEnum):
    """Which of day and month stands first where both are numbers."""

    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"


@dataclass(frozen=True, slots=True)
class Caps:
    """How much of a file is looked at; beyond each it is refused."""

    bytes: int
    unpacked_bytes: int
    ratio: int
    files: int
    rows: int
    columns: int
    cell_characters: int


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a sheet; ``number`` counts from 1, as an editor shows it."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str  # of the file in a zip, of the sheet in a workbook, of the list in JSON
    lines: Sequence[Line]
    separator: str = ""  # of a text; empty where cells came apart by themselves


@dataclass(frozen=True, slots=True)
class Table:
    """Lines below one header. Every column has a name of its own."""

    sheet: Sheet
    header: tuple[str, ...]
    lines: Sequence[Line]
    section: str = ""  # where one sheet holds several tables


@dataclass(frozen=True, slots=True)
class RowProblem:
    field: str
    code: str
    message: str


@dataclass(slots=True, kw_only=True)
class ReadRow:
    """One activity as the file tells it, before anybody looked what it means here.

    ``facts`` are those of the contract's activity, numbers as plain decimals; the instrument is
    not among them yet.
    """

    line: int
    sheet: str
    raw: str
    facts: dict[str, str] = field(default_factory=dict)
    symbol: str = ""
    isin: str = ""
    name: str = ""
    portfolio: str = ""
    problems: list[RowProblem] = field(default_factory=list)
    skipped: str = ""  # why it is no activity


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole file, read."""

    profile: str
    columns: Sequence[str]
    mapping: Mapping[str, str]  # field → column
    date_order: DateOrder
    is_date_order_certain: bool
    decimal_mark: str
    rows: Sequence[ReadRow]
