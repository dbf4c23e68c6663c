"""Which of the desk's instruments the words of a file mean; a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from market.instruments.provider_symbols import read_symbols
from market.models import Instrument
from market.queries import matches_of
from portfolio.imports.values import RowProblem

CHOICES_NAMED: Final = 5


class Hint(NamedTuple):
    """What a file says of an instrument; any of it may be empty."""

    symbol: str
    isin: str
    name: str
    currency: str

    @property
    def key(self) -> str:
        """By what the owner chooses an instrument for it."""
        return self.symbol or self.isin or self.name


def source_hint(facts: Mapping[str, str]) -> Hint | None:
    """What a row says of the instrument that a spin-off came out of."""
    symbol = facts.get("from_symbol", "")
    return Hint(symbol, "", "", facts.get("currency", "")) if symbol else None


@dataclass(frozen=True, slots=True)
class Directory:
    """Everything that hints of one file could mean."""

    chosen: Mapping[str, Sequence[Instrument]]
    by_isin: Mapping[str, Sequence[Instrument]]
    by_symbol: Mapping[str, Sequence[Instrument]]
    by_provider_symbol: Mapping[str, Sequence[Instrument]]

    def find(self, hint: Hint) -> Instrument | RowProblem:
        """The one instrument, or what keeps it from being told."""
        for found in self.candidates(hint):
            if len(narrowed := narrow(found, hint)) == 1:
                return narrowed[0]
            if narrowed:
                return ambiguous(hint, narrowed)
        message = f"There is no instrument {hint.key!r} here; choose one, or leave the row out."
        return RowProblem("symbol", "unknown_symbol", message)

    def candidates(self, hint: Hint) -> Iterable[Sequence[Instrument]]:
        """From what says most to what says least. What was chosen says all."""
        if hint.key in self.chosen:
            yield self.chosen[hint.key]
            return
        yield self.by_isin.get(hint.isin, ())
        yield self.by_symbol.get(hint.symbol, ())
        yield self.by_provider_symbol.get(hint.symbol.upper(), ())


def narrow(found: Sequence[Instrument], hint: Hint) -> Sequence[Instrument]:
    """Of several listings those of that symbol, and of these those in that currency."""
    of_symbol = [one for one in found if one.symbol == hint.symbol.upper()] or found
    return [one for one in of_symbol if one.currency == hint.currency] or of_symbol


def ambiguous(hint: Hint, found: Sequence[Instrument]) -> RowProblem:
    choices = " or ".join(f"{one.exchange_id}:{one.symbol}" for one in found[:CHOICES_NAMED])
    message = f"{hint.key!r} may be {choices}; choose one."
    return RowProblem("symbol", "ambiguous_symbol", message)


def directory(hints: Collection[Hint], chosen: Mapping[str, str]) -> Directory:
    """Three queries, and a fourth where something was chosen."""
    isins = {hint.isin for hint in hints if hint.isin}
    symbols = {hint.symbol for hint in hints if hint.symbol}
    addresses = matches_of([*symbols, *chosen.values()])
    by_isin: dict[str, list[Instrument]] = defaultdict(list)
    for one in Instrument.objects.active().filter(isin__in=isins).order_by("exchange_id", "id"):
        by_isin[one.isin].append(one)
    return Directory(
        chosen={key: addresses[address] for key, address in chosen.items()},
        by_isin=by_isin,
        by_symbol={symbol: addresses[symbol] for symbol in symbols},
        by_provider_symbol=provider_symbols() if symbols else {},
    )


def provider_symbols() -> dict[str, list[Instrument]]:
    found: dict[str, list[Instrument]] = defaultdict(list)
    named = Instrument.objects.active().exclude(provider_symbols="").order_by("exchange_id", "id")
    for one in named:
        for symbol in {symbol.upper() for symbol in read_symbols(one.provider_symbols).values()}:
            found[symbol].append(one)
    return found
