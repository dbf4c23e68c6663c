"""DEGIRO: the lists of transactions and of cash moves, in English, Dutch and German."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from portfolio.bookkeeping.amounts import EXACT, TEN_PLACES, ZERO
from portfolio.imports.facts import HUNDRED, MINOR
from portfolio.imports.headers import folded
from portfolio.imports.profile import SKIP, TRADE, NoActivity, Profile, Row, headed
from portfolio.imports.values import DateOrder, Field

ZONE: Final = "Europe/Amsterdam"
FEES: Final = (
    *("transaction and/or third", "transaction and/or third party fees", "transaction costs"),
    *("transactiekosten en/of", "transactiekosten en/of kosten van derden", "gebühr", "gebühren"),
    *("transaction and/or third party fees eur", "transaktionsgebühr", "transactiekosten"),
)
TURNED_FEES: Final = ("autofx fee", "autofx kosten", "autofx-gebühr")
PRICES: Final = ("price", "koers", "kurs")
LOCAL_VALUES: Final = ("local value", "lokale waarde", "wert in lokalwährung")
VALUES: Final = ("value", "waarde", "wert")
CHANGED: Final = ("fx ", "valuta ", "währungswechsel")  # one currency into another
CHANGES: Final = ("change #2", "mutatie #2", "änderung #2")


def interpret_trade(row: Row) -> Iterable[Row]:
    """Charges are in the account's currency; the unnamed column after a price has its currency."""
    currency = next((text for name in PRICES if (text := row.cell(f"{name} #2"))), "")
    rate = row.numbers.pop(Field.EXCHANGE_RATE, ZERO)
    local, own = row.number(*LOCAL_VALUES), row.number(*VALUES)
    if local and own and currency != row.cell(*(f"{name} #2" for name in VALUES)):
        rate = EXACT.divide(local, own)
    # A charge is negative; one that was paid back makes up for others.
    fees = -(row.number(*FEES) + row.number(*TURNED_FEES))
    numbers = dict(row.numbers)
    texts = {Field.CURRENCY: currency, Field.KIND: TRADE}
    texts[Field.EXTERNAL_ID] = row.texts.get(Field.EXTERNAL_ID) or row.cell("order id #2")
    if rate > 0:
        # A rate of the file says how much of the price's currency one of the account's is.
        fees = EXACT.multiply(fees, rate)
        units = HUNDRED if currency in MINOR else Decimal(1)
        numbers[Field.EXCHANGE_RATE] = EXACT.divide(units, rate).quantize(TEN_PLACES, context=EXACT)
    numbers[Field.FEES] = max(fees, ZERO)
    return (row.with_changes(texts=texts, numbers=numbers),)


TRANSACTIONS: Final = Profile(
    name="degiro",
    label="DEGIRO, transactions",
    signatures=(
        headed("date", "time", "product", "isin", "quantity", "price", "order id"),
        headed("datum", "tijd", "product", "isin", "aantal", "koers", "order id"),
        headed("datum", "uhrzeit", "produkt", "isin", "anzahl", "kurs", "order-id"),
    ),
    columns={
        Field.OCCURRED_AT: ("date", "datum"),
        Field.TIME: ("time", "tijd", "uhrzeit"),
        Field.NAME: ("product", "produkt"),
        Field.ISIN: ("isin",),
        Field.QUANTITY: ("quantity", "aantal", "anzahl"),
        Field.UNIT_PRICE: PRICES,
        Field.EXCHANGE_RATE: ("exchange rate", "wisselkoers", "wechselkurs"),
        Field.EXTERNAL_ID: ("order id", "order-id"),
    },
    kinds={TRADE: TRADE},
    date_order=DateOrder.DAY_FIRST,
    zone=ZONE,
    interpret=interpret_trade,
)


def interpret_move(row: Row) -> Iterable[Row]:
    """The column of the change names the currency, the unnamed one after it the money.

    Money that was changed for a trade has the trade's order, and counts at the rate of that. What
    was changed else left one currency in one row, and came into another in the next.
    """
    currency = row.cell("change", "mutatie", "änderung")
    moved = row.numbers.get(Field.NET_AMOUNT)
    if not moved:
        raise NoActivity("No money moved.")
    words = row.texts.get(Field.KIND, "")
    texts = {Field.CURRENCY: currency, Field.NOTE: words}
    if folded(words).startswith(CHANGED):
        if row.texts.get(Field.EXTERNAL_ID):
            raise NoActivity("Part of a trade; the list of transactions has it.")
        texts[Field.KIND] = "transfer_in" if moved > 0 else "transfer_out"
    return (row.with_changes(texts=texts, numbers=row.numbers),)


ELSEWHERE: Final = SKIP + "Part of a trade; the list of transactions has it."
INSIDE: Final = SKIP + "Money moved inside of the account."
CASH_MOVES: Final = Profile(
    name="degiro_account",
    label="DEGIRO, account",
    signatures=(
        headed("date", "time", "value date", "description", "change", "balance"),
        headed("datum", "tijd", "valutadatum", "omschrijving", "mutatie", "saldo"),
        headed("datum", "uhrzeit", "valutadatum", "beschreibung", "änderung", "saldo"),
    ),
    columns={
        Field.OCCURRED_AT: ("date", "datum"),
        Field.TIME: ("time", "tijd", "uhrzeit"),
        Field.NAME: ("product", "produkt"),
        Field.ISIN: ("isin",),
        Field.KIND: ("description", "omschrijving", "beschreibung"),
        Field.NET_AMOUNT: CHANGES,
        Field.EXTERNAL_ID: ("order id", "order-id"),
    },
    kinds={
        "dividend": "dividend",
        "dividende": "dividend",
        "dividend tax": "tax",
        "dividendbelasting": "tax",
        "dividendensteuer": "tax",
        "deposit": "deposit",
        "flatex deposit": "deposit",
        "ideal deposit": "deposit",
        "sofort deposit": "deposit",
        "storting*": "deposit",
        "einzahlung*": "deposit",
        "withdrawal*": "withdrawal",
        "flatex withdrawal": "withdrawal",
        "processed flatex withdrawal": "withdrawal",
        "terugstorting*": "withdrawal",
        "auszahlung*": "withdrawal",
        "degiro exchange connection fee*": "fee",
        "giro exchange connection fee*": "fee",
        "degiro aansluitingskosten*": "fee",
        "adr/gdr pass-through fee": "fee",
        "interest": "interest",
        "flatex interest*": "interest",
        "rente": "interest",
        "zinsen": "interest",
        "buy *": ELSEWHERE,
        "sell *": ELSEWHERE,
        "koop *": ELSEWHERE,
        "verkoop *": ELSEWHERE,
        "kauf *": ELSEWHERE,
        "verkauf *": ELSEWHERE,
        "degiro transaction*": ELSEWHERE,
        "degiro transactiekosten*": ELSEWHERE,
        "cash sweep*": INSIDE,
        "degiro cash sweep*": INSIDE,
        "flatex cash sweep*": INSIDE,
        "transfer from*": INSIDE,
        "transfer to*": INSIDE,
        "reservation*": INSIDE,
    },
    date_order=DateOrder.DAY_FIRST,
    zone=ZONE,
    is_signed=True,
    interpret=interpret_move,
)
