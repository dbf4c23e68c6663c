"""The Flex Web Service on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from xml.etree.ElementTree import Element, SubElement, tostring  # nosec B405 -- written, not read

from integrations.brokers.ibkr_flex.parsing import ZONE
from integrations.brokers.rehearsing import NOT_FOUND, Asked, Rehearsal, Told, World
from trading.brokers import BrokerActivity

CREDENTIALS: Final = {"token": "154812730411248690", "query_id": "941377"}
TRADES: Final = frozenset({"buy", "sell"})
TYPES: Final = {
    "deposit": "Deposits/Withdrawals",
    "withdrawal": "Deposits/Withdrawals",
    "dividend": "Dividends",
    "interest": "Broker Interest Received",
    "fee": "Other Fees",
}
LEAVING: Final = frozenset({"withdrawal", "fee"})
IN_PROGRESS: Final = "Statement generation in progress. Please try again shortly."


class FlexRehearsal(Rehearsal):
    """Each statement is in progress once before it is there."""

    credentials = CREDENTIALS
    pages_by: ClassVar[frozenset[str]] = frozenset()
    tells_at_once: ClassVar[bool] = True

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.windows: list[tuple[str, str]] = []  # by reference codes, which count from one
        self.seen: set[str] = set()

    def lets_in(self, asked: Asked) -> bool:
        return asked.query.get("t") == CREDENTIALS["token"]

    def refuse(self) -> Told:
        return failed("1012" if self.is_expired else "1015", "Token is invalid.")

    def placed_orders(self) -> list[str]:
        return []

    def tells_history(self, asked: Asked) -> bool:
        return asked.path == "/GetStatement"

    def lists_of(self, body: Any) -> list[list[dict[str, Any]]]:
        return [body["Trades"], body["CashTransactions"]] if "Trades" in body else []

    def answer(self, asked: Asked) -> Told:
        if asked.path == "/SendRequest":
            if asked.query.get("q") != CREDENTIALS["query_id"]:
                return failed("1014", "Query is invalid.")
            self.windows.append((asked.query["fd"], asked.query["td"]))
            told = {"Status": "Success", "ReferenceCode": str(len(self.windows))}
            return Told(200, told | {"Url": "https://elsewhere.example/GetStatement"})
        if asked.path == "/GetStatement":
            reference = asked.query["q"]
            if reference not in self.seen:
                self.seen.add(reference)
                return failed("1019", IN_PROGRESS)
            return Told(200, self.statement(*self.windows[int(reference) - 1]))
        return Told(NOT_FOUND, b"<html>not found</html>")

    def statement(self, first: str, last: str) -> dict[str, Any]:
        found = [one for one in self.world.happenings if first <= day_of(one.occurred_at) <= last]
        opened = min((one.occurred_at for one in self.world.happenings), default=datetime.now(UTC))
        cash = {"currency": self.world.currency, "endingCash": str(self.world.cash)}
        return {
            "AccountInformation": {
                "accountId": "U1234567",
                "currency": self.world.currency,
                "dateOpened": day_of(opened),
            },
            "CashReport": [{"currency": "BASE_SUMMARY", "endingCash": "0"}, cash],
            "OpenPositions": [
                {
                    "symbol": one.symbol,
                    "position": str(one.quantity),
                    "currency": one.currency,
                    "costBasisPrice": str(one.unit_cost or 0),
                    "multiplier": "1",
                    "levelOfDetail": "SUMMARY",
                }
                for one in self.world.positions
            ],
            "Trades": [trade(one) for one in found if one.kind in TRADES],
            "CashTransactions": [cash_row(one) for one in found if one.kind in TYPES],
        }

    def write(self, told: Told) -> bytes:
        body = told.body
        if isinstance(body, bytes) or body is None:
            return body or b""
        return tostring(response(body) if "Status" in body else query_response(body))


def failed(code: str, message: str) -> Told:
    return Told(200, {"Status": "Fail", "ErrorCode": code, "ErrorMessage": message})


def response(body: Mapping[str, str]) -> Element:
    root = Element("FlexStatementResponse", timestamp="12 May, 2025 10:00 AM EDT")
    for name, text in body.items():
        SubElement(root, name).text = text
    return root


def query_response(body: Mapping[str, Any]) -> Element:
    root = Element("FlexQueryResponse", queryName="Desk", type="AF")
    inside = SubElement(SubElement(root, "FlexStatements", count="1"), "FlexStatement")
    for name, rows in body.items():
        if isinstance(rows, Mapping):
            SubElement(inside, name, dict(rows))
            continue
        section = SubElement(inside, name)
        tag = "CashReportCurrency" if name == "CashReport" else name.removesuffix("s")
        for row in rows:
            made = SubElement(section, tag)
            for key, value in row.items():
                if isinstance(value, str):
                    made.set(key, value)
                else:
                    SubElement(made, key).text = str(value)
    return root


def day_of(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%Y%m%d}"


def common(one: BrokerActivity) -> dict[str, Any]:
    return {
        "accountId": "U1234567",
        "currency": one.currency,
        "fxRateToBase": "1",
        "symbol": one.symbol,
        "transactionID": one.id,
        "dateTime": f"{one.occurred_at.astimezone(ZONE):%Y%m%d;%H%M%S}",
    }


def trade(one: BrokerActivity) -> dict[str, Any]:
    sign = "-" if one.kind == "sell" else ""
    return common(one) | {
        "assetCategory": "STK",
        "multiplier": "1",
        "quantity": f"{sign}{one.quantity}",
        "tradePrice": str(one.unit_price),
        "ibCommission": str(-one.fees),
        "ibCommissionCurrency": one.currency,
        "taxes": "0",
        "buySell": one.kind.upper(),
        "levelOfDetail": "EXECUTION",
    }


def cash_row(one: BrokerActivity) -> dict[str, Any]:
    sign = "-" if one.kind in LEAVING else ""
    return common(one) | {
        "amount": f"{sign}{one.amount}",
        "type": TYPES[one.kind],
        "levelOfDetail": "DETAIL",
    }


REHEARSAL: Final = FlexRehearsal
