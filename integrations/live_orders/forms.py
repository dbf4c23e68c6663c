"""Arming a connection and placing an order with real money, as people fill it in."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from accounts.identifiers import new_id
from accounts.problem_forms import ProblemForm
from integrations.brokers.adapters import Adapter
from integrations.connections.arming import ArmingTerms
from integrations.live_orders.changes import LiveChanges
from integrations.live_orders.tickets import NAMES, LiveTicket
from integrations.models import LiveOrder
from trading.forms import DECIMAL_INPUT, TIMES_IN_FORCE, TYPES, number_field
from trading.replace_forms import ChangeForm, terms_of
from trading.states import OrderType, Side, TimeInForce


class ArmingForm(ProblemForm):
    order_value_maximum = forms.DecimalField(
        label="Most that one order may be worth",
        max_digits=20,
        decimal_places=2,
        widget=forms.TextInput(attrs=DECIMAL_INPUT),
    )
    orders_a_day = forms.IntegerField(
        label="Orders a day",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    is_meant = forms.BooleanField(label="Orders placed here are to reach my broker")

    def to_terms(self) -> ArmingTerms:
        facts = self.cleaned_data
        return ArmingTerms(
            order_value_maximum=facts["order_value_maximum"], orders_a_day=facts["orders_a_day"]
        )


class LiveTicketForm(ProblemForm):
    """Whatever the broker takes; what is wrong with it the operation says."""

    symbol = forms.CharField(
        label="Instrument",
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "AAPL or XLON:VOD"}),
    )
    side = forms.ChoiceField(choices=[(side.value, side.name.title()) for side in Side])
    type = forms.ChoiceField(choices=TYPES)
    quantity = number_field("Units", decimal_places=10)
    notional = number_field("or amount", decimal_places=10)
    limit_price = number_field("Limit price", decimal_places=8)
    stop_price = number_field("Stop price", decimal_places=8)
    trail_amount = number_field("Trailing distance", decimal_places=8)
    trail_pct = number_field("or per cent", decimal_places=8)
    time_in_force = forms.ChoiceField(label="Time in force", choices=TIMES_IN_FORCE)
    # Drawn up with the form, so that the same form sent twice is one order.
    client_order_id = forms.CharField(max_length=128, widget=forms.HiddenInput, strip=False)

    def __init__(self, *args: Any, adapter: Adapter, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        taken = adapter.capabilities.orders
        times = {time for kind in taken.values() for time in kind.times_in_force}
        self.fields["type"].choices = [one for one in TYPES if one[0] in taken]  # type: ignore[attr-defined]
        self.fields["time_in_force"].choices = [  # type: ignore[attr-defined]
            one for one in TIMES_IN_FORCE if one[0] in times
        ]

    def to_ticket(self) -> LiveTicket:
        facts = self.cleaned_data
        numbers: Final = ("quantity", "notional", *NAMES)
        return LiveTicket(
            symbol=facts["symbol"],
            side=Side(facts["side"]),
            type=OrderType(facts["type"]),
            time_in_force=TimeInForce(facts["time_in_force"]),
            client_order_id=facts["client_order_id"],
            **{name: facts[name] for name in numbers},
        )


class LiveChangeForm(ChangeForm):
    # As fine as a ticket may have asked for.
    trail_pct = number_field("Distance from the best price, per cent", decimal_places=8)

    def __init__(self, order: LiveOrder, data: Any = None, *, adapter: Adapter) -> None:
        super().__init__(terms_of(order), data)
        for name in NAMES:
            if getattr(order, name) is None:
                del self.fields[name]
        kind = adapter.capabilities.orders[order.type]
        self.fields["time_in_force"].choices = [  # type: ignore[attr-defined]
            one for one in TIMES_IN_FORCE if one[0] in kind.times_in_force
        ]

    def to_changes(self) -> LiveChanges:
        return LiveChanges(**self.differing(), client_order_id=self.cleaned_data["client_order_id"])


def blank_ticket(adapter: Adapter, *, symbol: str) -> LiveTicketForm:
    initial = {
        "symbol": symbol,
        "side": Side.BUY.value,
        "type": OrderType.LIMIT.value,
        "time_in_force": TimeInForce.DAY.value,
        "client_order_id": str(new_id()),
    }
    return LiveTicketForm(adapter=adapter, initial=initial)
