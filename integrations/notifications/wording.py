"""Events in words for their owner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.template.defaultfilters import filesizeformat
from django.urls import reverse

from accounts.templatetags import formats
from integrations.events import kinds
from integrations.models.exports import Dataset

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wording:
    title: str
    text: str
    path: str  # of the page that has more


def wording_of(kind: str, data: Data) -> Wording:
    return WORDINGS[kind](data)


def _price(text: str) -> str:
    return formats.price(Decimal(text))


def _units(text: str) -> str:
    return formats.quantity(Decimal(text))


def _filled(data: Data) -> Wording:
    done = "Bought" if data["side"] == "buy" else "Sold"
    filled, wanted = _units(data["filled_quantity"]), _units(data["quantity"])
    amount = filled if filled == wanted else f"{filled} of {wanted}"
    average = f"At {_price(data['average_price'])} {data['currency']} on average."
    return Wording(f"{done} {amount} {data['symbol']}", average, _order(data))


def _ended(words: str) -> Callable[[Data], Wording]:
    def wording(data: Data) -> Wording:
        side, symbol = data["side"], data["symbol"]
        filled = Decimal(data["filled_quantity"])
        part = f"{_units(data['filled_quantity'])} were filled before." if filled else ""
        text = " ".join(sentence for sentence in (data["reason"], part) if sentence)
        title = f"Order {words}: {side} {_units(data['quantity'])} {symbol}"
        return Wording(title, text, _order(data))

    return wording


def _restated(data: Data) -> Wording:
    title = f"Order adjusted: {data['side']} {_units(data['quantity'])} {data['symbol']}"
    return Wording(title, data["reason"], _order(data))


def _order(data: Data) -> str:
    return reverse("trading:order", args=[data["order_id"]])


def _not_closed(data: Data) -> Wording:
    path = reverse("portfolio:detail", args=[data["portfolio_id"]])
    text = f"{data['reason']} The orders that held it have ended."
    return Wording(f"{data['symbol']} was not sold", text, path)


def _alert(data: Data) -> Wording:
    text = " · ".join(part for part in (data["condition"], data["note"]) if part)
    return Wording(f"{data['symbol']} at {_price(data['price'])}", text, reverse("market:alerts"))


def _cash(words: str) -> Callable[[Data], Wording]:
    def wording(data: Data) -> Wording:
        amount = formats.money(Decimal(data["amount"]), data["currency"])
        of = f" from {data['symbol']}" if data["symbol"] else ""
        path = reverse("portfolio:cash", args=[data["portfolio_id"]])
        return Wording(f"{amount} {words}{of}", data["note"], path)

    return wording


def _settled(data: Data) -> Wording:
    amount = formats.money(Decimal(data["amount"]), data["currency"])
    title = f"Settled: {_units(data['quantity'])} {data['symbol']}"
    path = reverse("portfolio:cash", args=[data["portfolio_id"]])
    return Wording(title, f"Worth {amount}.", path)


def _key(words: str) -> Callable[[Data], Wording]:
    def wording(data: Data) -> Wording:
        text = "If that was not you, revoke it and change your password."
        title = f"The API key {data['name']} was {words}"
        return Wording(title, text, reverse("accounts:api_keys"))

    return wording


def _disabled(data: Data) -> Wording:
    path = reverse("integrations:webhook", args=[data["webhook_id"]])
    return Wording(f"Nothing is sent to {data['url']} any more", data["reason"], path)


def _slack_disconnected(data: Data) -> Wording:
    path = reverse("integrations:notification_choices")
    return Wording("Nothing is posted to Slack any more", data["reason"], path)


def _export_ready(data: Data) -> Wording:
    until = datetime.fromisoformat(data["expires_at"])
    size = filesizeformat(data["bytes"])
    text = f"{data['rows']:,} rows, {size}. It is there to be fetched until {until:%-d %B %Y}."
    return Wording(f"{_dataset(data)} is ready", text, reverse("integrations:exports"))


def _export_failed(data: Data) -> Wording:
    return Wording(f"{_dataset(data)} failed", data["reason"], reverse("integrations:exports"))


def _dataset(data: Data) -> str:
    return f"Your export of {Dataset(data['dataset']).label.lower()}"


def _sign_in(data: Data) -> Wording:
    path = reverse("integrations:connection", args=[data["connection_id"]])
    return Wording(f"{data['name']}: sign in again", data["reason"], path)


def _armed(data: Data) -> Wording:
    path = reverse("integrations:connection", args=[data["connection_id"]])
    most = formats.money(Decimal(data["order_value_maximum"]), data["currency"])
    text = f"Up to {most} an order and {data['orders_a_day']} a day. If that was not you, disarm it"
    return Wording(f"{data['name']}: real orders may leave", f"{text} at once.", path)


def _disarmed(data: Data) -> Wording:
    path = reverse("integrations:connection", args=[data["connection_id"]])
    return Wording(f"{data['name']}: no real order leaves any more", data["reason"], path)


def _live(words: str) -> Callable[[Data], Wording]:
    def wording(data: Data) -> Wording:
        size = (
            formats.money(Decimal(data["notional"]), data["currency"]) + " of"
            if data["quantity"] is None
            else _units(data["quantity"])
        )
        title = f"Real order {words}: {data['side']} {size} {data['symbol']}"
        filled = Decimal(data["filled_quantity"])
        part = f"{_units(data['filled_quantity'])} are filled." if filled else ""
        text = " ".join(sentence for sentence in (data["reason"], part) if sentence)
        path = reverse("integrations:live_order", args=[data["live_order_id"]])
        return Wording(title, text or f"At {data['connection_name']}.", path)

    return wording


WORDINGS: Final[Mapping[str, Callable[[Data], Wording]]] = {
    kinds.OrderFilled.kind: _filled,
    kinds.OrderPartiallyFilled.kind: _filled,
    kinds.OrderCanceled.kind: _ended("cancelled"),
    kinds.OrderExpired.kind: _ended("expired"),
    kinds.OrderRejected.kind: _ended("rejected"),
    kinds.OrderReplaced.kind: _ended("replaced"),
    kinds.OrderSuspended.kind: _ended("suspended"),
    kinds.OrderRestated.kind: _restated,
    kinds.PositionNotClosed.kind: _not_closed,
    kinds.AlertTriggered.kind: _alert,
    kinds.CashDeposited.kind: _cash("deposited"),
    kinds.CashWithdrawn.kind: _cash("withdrawn"),
    kinds.IncomeReceived.kind: _cash("received"),
    kinds.SettlementCompleted.kind: _settled,
    kinds.ApiKeyCreated.kind: _key("made"),
    kinds.ApiKeyRevoked.kind: _key("revoked"),
    kinds.WebhookDisabled.kind: _disabled,
    kinds.SlackDisconnected.kind: _slack_disconnected,
    kinds.ExportReady.kind: _export_ready,
    kinds.ExportFailed.kind: _export_failed,
    kinds.SignInNeeded.kind: _sign_in,
    kinds.ConnectionArmed.kind: _armed,
    kinds.ConnectionDisarmed.kind: _disarmed,
    kinds.LiveOrderAccepted.kind: _live("accepted"),
    kinds.LiveOrderPartiallyFilled.kind: _live("filled in part"),
    kinds.LiveOrderFilled.kind: _live("filled"),
    kinds.LiveOrderCanceled.kind: _live("cancelled"),
    kinds.LiveOrderReplaced.kind: _live("replaced"),
    kinds.LiveOrderExpired.kind: _live("expired"),
    kinds.LiveOrderRejected.kind: _live("refused"),
    kinds.LiveOrderUnknown.kind: _live("with unknown outcome"),
    kinds.LiveOrderNotReceived.kind: _live("never received"),
}
