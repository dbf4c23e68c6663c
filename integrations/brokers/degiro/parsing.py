"""DEGIRO's answers in our words. Pure.

Trades come from the list of transactions; everything else, charges of trades too, from the moves
of cash, in the currency that moved. Source: the answers of trader.degiro.nl, which nobody has
documented; what a move is, its description says in the language of the account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from integrations.brokers.fields import Fields, objects_of
from trading.broker_errors import BadBrokerAnswer
from trading.brokers import BrokerAccount, BrokerActivity, BrokerPosition

TITLE: Final = "DEGIRO"
SIDES: Final = {"B": "buy", "S": "sell"}
# The cash of trades, and money that is moved inside of the account.
PASSED_OVER: Final = frozenset(
    {"TRANSACTION", "FLATEX_CASH_SWEEP", "CASH_FUND_TRANSACTION", "CASH_FUND_NAV_CHANGE"}
)
INSIDE: Final = re.compile(r"reserv|cash sweep", re.IGNORECASE)
PAID: Final = r"divid|dywid|utdelning|udbytte|utbytte|osinko"
TAXED: Final = (
    r"tax|belasting|steuer|imp[oôu]|ritenut|reten[cç]|podat|skat|vero\b|stamp dut|timbre|bollo"
)
IN: Final = r"deposit|storting|zahlung|d[ée]p[ôo]t|dep[óo]s|ingreso|wp[łl]at|ins[äa]ttn"
OUT: Final = r"withdraw|retra?i|retir|preliev|wyp[łl]at|levantam|uttag"
# Of money changed, and of what nobody knows.
MOVED: Final = ("transfer_in", "transfer_out")
CHANGED: Final = r"^fx\b|valuta|w[äa]hrung|devise|divisa|autofx"
# The first that fits; money that came, and money that left.
WORDS: Final = tuple(
    (re.compile(words, re.IGNORECASE), came, left)
    for words, came, left in (
        (f"(?=.*({PAID}))(?=.*({TAXED}))|stamp dut|transaction tax", "interest", "tax"),
        (PAID, "dividend", "fee"),
        (CHANGED, *MOVED),
        (r"fee|kosten|geb[üu]hr|frais|comisi|commissi|costi|custo|op[łl]at|avgift|gebyr",
         "interest", "fee"),
        (r"interest|\brente|zins|int[ée]r[êe]t|inter[ée]s|juros|odset|r[äa]nta", "interest", "fee"),
        (TAXED, "interest", "tax"),
        (f"{IN}|{OUT}", "deposit", "withdrawal"),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Product:
    symbol: str
    isin: str
    name: str
    currency: str
    contract_size: Decimal


Products = Mapping[str, Product]


def data_of(found: Any, *, of: str) -> Any:
    """Raises:
    BadBrokerAnswer: there is none.
    """
    data = Fields(found, of=of).found.get("data")
    if data is None:
        raise BadBrokerAnswer(f"{of}: there is no data.")
    return data


def read_products(found: Any) -> dict[str, Product]:
    data = Fields(data_of(found, of="products"), of="products")
    return {
        id_: Product(
            one.text("symbol", default="") or one.text("name"),
            one.text("isin", default=""),
            one.text("name", default=""),
            one.text("currency"),
            one.maybe_number("contractSize") or Decimal(1),
        )
        for id_, one in ((id_, Fields(each, of="product")) for id_, each in data.found.items())
    }


def values_of(one: Fields) -> Fields:
    """A row that is a list of names and values, as one object."""
    pairs = {each.text("name"): each.found.get("value") for each in one.objects("value")}
    return Fields(pairs, of=one.of)


def rows_of(found: Any, name: str) -> Iterator[Fields]:
    section = Fields(Fields(found, of="update").found.get(name), of=name)
    return (values_of(one) for one in section.objects("value"))


def read_account(account_id: str, info: Any, update: Any) -> BrokerAccount:
    about = Fields(data_of(info, of="account"), of="account")
    cash: dict[str, Decimal] = {}
    for one in rows_of(update, "cashFunds"):
        code = one.text("currencyCode")
        cash[code] = cash.get(code, Decimal(0)) + one.number("value")
    return BrokerAccount(account_id, about.text("baseCurrency"), cash, raw=about.raw)


def held(update: Any) -> list[Fields]:
    """Rows of products of which there are units."""
    return [
        one
        for one in rows_of(update, "portfolio")
        if one.text("positionType") == "PRODUCT" and one.number("size")
    ]


def read_position(one: Fields, products: Products) -> BrokerPosition:
    product = product_of(one, "id", products)
    return BrokerPosition(
        product.symbol,
        one.number("size") * product.contract_size,
        product.isin,
        product.name,
        product.currency,
        one.maybe_number("breakEvenPrice"),
        raw=one.raw,
    )


def product_of(one: Fields, name: str, products: Products) -> Product:
    """Raises:
    BadBrokerAnswer: nobody knows the product.
    """
    id_ = one.text(name)
    if id_ not in products:
        raise BadBrokerAnswer(f"{one.of}: nobody knows the product {id_[:20]!r}.")
    return products[id_]


def read_transaction(one: Fields, products: Products) -> BrokerActivity:
    """Units, not contracts; the price is in the product's currency.

    Raises:
        BadBrokerAnswer: a field is missing, or nobody knows its product or side.
    """
    product = product_of(one, "productId", products)
    side = one.text("buysell")
    if side not in SIDES:
        raise BadBrokerAnswer(f"{one.of}: nobody knows the side {side[:20]!r}.")
    return BrokerActivity(
        f"transaction-{one.text('id')}",
        SIDES[side],
        one.moment("date"),
        product.currency,
        product.symbol,
        product.isin,
        product.name,
        quantity=abs(one.number("quantity")) * product.contract_size,
        unit_price=one.number("price"),
        raw=one.raw,
    )


def read_move(one: Fields, products: Products) -> Iterator[BrokerActivity]:
    """A move of which nobody knows what it was for is a transfer: the money is right at least."""
    if one.text("type") in PASSED_OVER or one.found.get("change") is None:
        return
    words, change = one.text("description"), one.number("change")
    if INSIDE.search(words) or not change:
        return
    known = next((one for one in WORDS if one[0].search(words)), None)
    came, left = known[1:] if known else MOVED
    kind = left if change < 0 else came
    has_product = kind == "dividend" and one.found.get("productId") is not None
    product = product_of(one, "productId", products) if has_product else None
    yield BrokerActivity(
        f"cash-{one.text('id')}",
        kind,
        one.moment("date"),
        one.text("currency"),
        product.symbol if product else "",
        product.isin if product else "",
        product.name if product else "",
        amount=abs(change),
        note=words[:200],
        raw=one.raw,
        event_id=change_of(one) if known and known[1:] == MOVED else "",
    )


def change_of(one: Fields) -> str:
    """Money that is changed leaves one currency and comes into another at the same moment."""
    return f"change-{one.text('date')}-{one.text('orderId', default='')}"


def read_rows(found: Any, *, name: str) -> list[Fields]:
    """The transactions, or the moves of cash."""
    data = data_of(found, of=name)
    rows = Fields(data, of=name).found.get("cashMovements") if name == "moves" else data
    return list(objects_of(rows if rows is not None else [], of=name))
