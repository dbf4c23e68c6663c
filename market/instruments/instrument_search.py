"""What somebody may mean who types a part of a symbol, name or ISIN, with errors in it.

Best first: the very symbol or ISIN, symbols that begin with the text, names of which a word does,
names and ISINs that contain it, and last what is one typing error away in a word of four letters
or more. Where the database has ``pg_trgm``, names whose trigrams are alike are found as well.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final, TypeVar

from django.contrib.postgres.lookups import TrigramStrictWordSimilar
from django.db import connection
from django.db.models import Case, CharField, F, IntegerField, Q, Value, When
from django.db.models.expressions import RawSQL

if TYPE_CHECKING:
    from market.models.instruments import InstrumentQuerySet

Rows = TypeVar("Rows", bound="InstrumentQuerySet")

IS_IT, SYMBOL_BEGINS, WORD_BEGINS, CONTAINS = range(4)
SIMILAR: Final = 1_000  # less one for each key in common: the more alike, the earlier
# Below these, nearly everything is alike.
FORGIVEN_LETTERS_MINIMUM: Final = 4
ISIN_PART_MINIMUM: Final = 4
WORD: Final = re.compile(r"[^\W_]+")
ORDER: Final = ("rank", "symbol", "id")

# Written as the index is, so that it serves.
ALIKE: Final = """
    SELECT id FROM market_instrument
    WHERE market_search_keys(symbol || ' ' || name) && market_search_keys(%s)
"""
SHARED_KEYS: Final = f"""
    SELECT {SIMILAR} - count(*) FROM (
        SELECT unnest(market_search_keys(
            "market_instrument"."symbol" || ' ' || "market_instrument"."name"))
        INTERSECT SELECT unnest(market_search_keys(%s))
    ) AS shared
"""


def search(rows: Rows, text: str) -> Rows:
    """The rows that match, each with its ``rank``: the lower the better. Sort them by ``ORDER``.

    No text matches everything. ``XLON:VO`` looks for symbols of that exchange alone.
    """
    words = text.strip().replace("\0", "")
    mic, colon, symbol = words.upper().rpartition(":")
    if colon and mic:
        rows = rows.filter(exchange_id=mic, symbol__startswith=symbol)
    if not words or (colon and mic):
        return rows.annotate(rank=Value(IS_IT))
    begins = Q(name__istartswith=words) | Q(name__icontains=f" {words}")
    contains = Q(name__icontains=words)
    if len(words) >= ISIN_PART_MINIMUM:
        contains |= Q(isin__contains=words.upper())
    rank = Case(
        When(Q(symbol=symbol) | Q(isin=symbol), then=Value(IS_IT)),
        When(symbol__startswith=symbol, then=Value(SYMBOL_BEGINS)),
        When(begins, then=Value(WORD_BEGINS)),
        When(contains, then=Value(CONTAINS)),
        default=RawSQL(SHARED_KEYS, [words]),  # noqa: S611 - a constant with a parameter
        output_field=IntegerField(),
    )
    found = Q(symbol__startswith=symbol) | contains | _similar(words)
    return rows.filter(found).annotate(rank=rank)


def _similar(words: str) -> Q:
    forgiven = " ".join(
        word for word in WORD.findall(words) if len(word) >= FORGIVEN_LETTERS_MINIMUM
    )
    if not forgiven:
        return Q()
    similar = Q(pk__in=RawSQL(ALIKE, [forgiven]))  # noqa: S611 - likewise
    if trigrams_are_there():
        similar |= Q(TrigramStrictWordSimilar(F("name"), Value(forgiven, CharField())))
    return similar


@cache
def trigrams_are_there() -> bool:
    """Whether the database has ``pg_trgm``; asked once per process."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm')")
        ((is_there,),) = cursor.fetchall()
    return bool(is_there)
