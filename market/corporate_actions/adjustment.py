"""By what a price before a split or dividend is multiplied to compare it with one after. Pure.

A split of ``from`` into ``to`` shares multiplies earlier prices by from ÷ to and divides earlier
volumes by it. A dividend D multiplies them by 1 − D ÷ C, where C is the close before the ex-date:
what one held is then worth the same before and after. Factors of several multiply.

Source of the dividend factor: CRSP and Yahoo adjust alike; see docs/corporate-actions.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

ONE: Final = Decimal(1)


class Adjustment(StrEnum):
    """Which view of stored prices."""

    RAW = "raw"  # as stored
    SPLITS = "splits"  # comparable over splits
    ALL = "all"  # over dividends, too

    @classmethod
    def of(cls, adjusted: bool | Adjustment) -> Adjustment:
        """Read ``True`` as everything and ``False`` as nothing."""
        if isinstance(adjusted, Adjustment):
            return adjusted
        return cls.ALL if adjusted else cls.RAW


# What pages and programs call them: `adjusted=`.
WORDS: Final = {
    "false": Adjustment.RAW,
    "splits": Adjustment.SPLITS,
    "true": Adjustment.ALL,
}


@dataclass(frozen=True, slots=True)
class Split:
    ex_at: datetime  # the exchange's midnight that begins the ex-date
    factor: Decimal  # ratio_from ÷ ratio_to, what it does to the price
    is_in_history: bool  # prices of files and providers before it are divided already


@dataclass(frozen=True, slots=True)
class CashDividend:
    ex_at: datetime
    amount: Decimal  # per share of that day, in the instrument's currency


@dataclass(frozen=True, slots=True)
class CloseBefore:
    """The stored close before an ex-date; ``is_as_traded`` where it was made from real ticks."""

    close: Decimal
    is_as_traded: bool


@dataclass(frozen=True, slots=True)
class PriceFactors:
    """Factors by span of time: the first is before ``ex_ats[0]``, the last after all of them.

    A bar made from real ticks takes ``splits_of_ticks``, any other ``splits``. One whose source
    adjusted it for dividends takes ``late_dividends`` on top of that, any other ``dividends``.
    """

    ex_ats: tuple[datetime, ...]
    splits: tuple[Decimal, ...]
    splits_of_ticks: tuple[Decimal, ...]
    dividends: tuple[Decimal, ...]
    late_dividends: tuple[Decimal, ...]
    with_dividends: bool  # whether what sources adjusted for dividends counts


def price_factors(
    splits: Sequence[Split],
    dividends: Sequence[CashDividend],
    *,
    closes: Mapping[datetime, CloseBefore],
    horizon: datetime | None,
    with_dividends: bool = True,
) -> PriceFactors:
    """Multiply everything out, latest first.

    Args:
        closes: by ex-date of dividends. A dividend without a close before it, or not below that
            close, changes nothing: it has no factor that makes sense.
        horizon: the newest bar that its source adjusted; dividends after it are not in any such.
    """
    by_ticks = [(split.ex_at, split.factor) for split in splits]
    declared = [(split.ex_at, split.factor) for split in splits if not split.is_in_history]
    paid = [
        (dividend.ex_at, factor)
        for dividend in dividends
        if (factor := _dividend_factor(dividend, splits, closes.get(dividend.ex_at)))
    ]
    late = [(ex_at, factor) for ex_at, factor in paid if horizon is None or ex_at > horizon]
    ex_ats = sorted({ex_at for ex_at, _ in [*by_ticks, *paid]})
    return PriceFactors(
        ex_ats=tuple(ex_ats),
        splits=_cumulated(declared, ex_ats),
        splits_of_ticks=_cumulated(by_ticks, ex_ats),
        dividends=_cumulated(paid, ex_ats),
        late_dividends=_cumulated(late, ex_ats),
        with_dividends=with_dividends,
    )


def _dividend_factor(
    dividend: CashDividend, splits: Sequence[Split], before: CloseBefore | None
) -> Decimal | None:
    """Both amounts in shares of today, else splits between them and now would distort it."""
    if before is None:
        return None
    amount, close = dividend.amount, before.close
    for split in splits:
        if split.ex_at > dividend.ex_at:
            amount *= split.factor
        if split.ex_at >= dividend.ex_at and (before.is_as_traded or not split.is_in_history):
            close *= split.factor
    return ONE - amount / close if amount < close else None


def _cumulated(
    factors: Sequence[tuple[datetime, Decimal]], ex_ats: Sequence[datetime]
) -> tuple[Decimal, ...]:
    """The product of all factors that lie ahead, for each span between the dates."""
    products = [ONE]
    for ex_at in reversed(ex_ats):
        product = products[-1]
        for own_ex_at, factor in factors:
            if own_ex_at == ex_at:
                product *= factor
        products.append(product)
    return tuple(reversed(products))
