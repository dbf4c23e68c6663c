"""Flex statements: what the service answers, read safely. Pure.

Source: Interactive Brokers, "Flex Web Service" version 3 and "Flex Queries" reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from integrations.brokers.fields import Fields
from trading.broker_errors import (
    BadBrokerAnswer,
    BrokerBusy,
    BrokerError,
    BrokerUnavailable,
    PermissionMissing,
    RequestInvalid,
    SignInNeeded,
)

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element  # nosec B405 -- the type alone, nothing is parsed

TITLE: Final = "Interactive Brokers"
IN_PROGRESS: Final = "1019"
NOT_THERE: Final = "1003"
TOO_MANY_SECONDS: Final = 60
REFUSALS: Final[dict[str, type[BrokerError]]] = {
    "1010": RequestInvalid,  # a query of the former kind
    "1011": SignInNeeded,  # the service is switched off
    "1012": SignInNeeded,  # the token has expired
    "1013": PermissionMissing,  # not from this address
    "1014": RequestInvalid,
    "1015": SignInNeeded,
    "1016": RequestInvalid,
    "1017": RequestInvalid,
    "1020": RequestInvalid,
}
# What a query must have, as its settings call it.
SECTIONS: Final = {
    "AccountInformation": "Account Information",
    "CashReport": "Cash Report",
    "OpenPositions": "Open Positions",
    "Trades": "Trades",
    "CashTransactions": "Cash Transactions",
}
# The service gives a year at once, and five back.
HISTORY: Final = timedelta(days=5 * 365)


def parse(body: bytes) -> Element:
    """Raises:
    BadBrokerAnswer: it is no XML, or such as declares entities.
    """
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise BadBrokerAnswer(f"{TITLE}: the answer is no XML: {error}.") from error
    return root


def code_of(body: bytes) -> str:
    """Why the service refuses; empty where it does not."""
    if b"FlexStatementResponse" not in body[:500]:
        return ""
    root = parse(body)
    return (root.findtext("ErrorCode") or "").strip()


def refusal_of(body: bytes) -> BrokerError | None:
    code = code_of(body)
    if not code or code in (IN_PROGRESS, NOT_THERE):
        return None
    said = " ".join((parse(body).findtext("ErrorMessage") or "").split())[:200]
    message = f"{TITLE} answered {code}: {said}"
    if code == "1018":
        return BrokerBusy(message, retry_after_seconds=TOO_MANY_SECONDS)
    return REFUSALS.get(code, BrokerUnavailable)(message)


def reference_of(body: bytes) -> str:
    """Under what a statement that was asked for can be had.

    Raises:
        BadBrokerAnswer: the answer does not say.
    """
    root = parse(body)
    reference = (root.findtext("ReferenceCode") or "").strip()
    if root.tag != "FlexStatementResponse" or not reference.isdecimal():
        raise BadBrokerAnswer(f"{TITLE}: the answer names no reference code.")
    return reference


@dataclass(frozen=True, slots=True)
class Statement:
    """One account's statement, with every section that is needed."""

    root: Element

    def rows(self, section: str, tag: str) -> Iterator[Fields]:
        found = self.root.find(section)
        for row in () if found is None else found:
            if row.tag == tag:
                yield Fields(dict(row.attrib), of=tag)

    @property
    def about(self) -> Fields:
        found = self.root.find("AccountInformation")
        return Fields({} if found is None else dict(found.attrib), of="AccountInformation")


def read_statement(body: bytes) -> Statement:
    """Raises:
    BadBrokerAnswer: it holds no statement.
    RequestInvalid: the query is not set up as it must be.
    """
    root = parse(body)
    if root.tag != "FlexQueryResponse":
        raise BadBrokerAnswer(f"{TITLE}: the answer is a {root.tag[:40]}, must be a statement.")
    found = root.findall("FlexStatements/FlexStatement")
    if not found:
        raise BadBrokerAnswer(f"{TITLE}: the answer holds no statement.")
    if len(found) > 1:
        raise RequestInvalid(f"{TITLE}: the query is of {len(found)} accounts; make one for each.")
    missing = [words for tag, words in SECTIONS.items() if found[0].find(tag) is None]
    if missing:
        raise RequestInvalid(f"{TITLE}: the query lacks {', '.join(missing)}; add them to it.")
    return Statement(found[0])
