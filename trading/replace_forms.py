"""What of a working order is to change, as people fill it in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from django import forms

from accounts.identifiers import new_id
from accounts.problem_forms import ProblemForm
from market.values import plain_or_none
from trading.changing.replacement import Changes
from trading.forms import TIMES_IN_FORCE, number_field, times_offered
from trading.models import Order
from trading.states import OrderType, TimeInForce

STOPS: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
PRICES: Final = ("limit_price", "stop_price")
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
NUMBERS: Final = ("quantity", "limit_price", "stop_price", "trail_amount", "trail_pct")


class ChangeForm(ProblemForm):
    """An order's own terms to begin with; only what differs from them is asked for."""

    quantity = number_field("Quantity, with what has filled", decimal_places=10)
    limit_price = number_field("Limit price", decimal_places=8)
    stop_price = number_field("Stop price", decimal_places=8)
    trail_amount = number_field("Distance from the best price", decimal_places=8)
    trail_pct = number_field("Distance from the best price, per cent", decimal_places=4)
    time_in_force = forms.ChoiceField(label="Time in force", choices=TIMES_IN_FORCE)
    # Drawn up with the form, so that the same form sent twice is one order.
    client_order_id = forms.CharField(max_length=128, widget=forms.HiddenInput, strip=False)

    def __init__(
        self, terms: Mapping[str, Any], data: Any = None, *, wanted: Mapping[str, str] = NOTHING
    ) -> None:
        """``wanted``: prices to begin with instead of the order's own, where it has them."""
        initial = {name: plain_or_none(terms[name]) for name in NUMBERS}
        initial |= {"time_in_force": terms["time_in_force"], "client_order_id": str(new_id())}
        initial |= {name: wanted[name] for name in PRICES if wanted.get(name)}
        # The ticket beside it has fields of the same names.
        super().__init__(data, initial=initial, auto_id="change_%s")
        self.terms = terms

    def differing(self) -> dict[str, Any]:
        """What is to change.

        Raises:
            ValueError: the form was not valid.
        """
        if not self.is_valid():
            raise ValueError("only a valid form says what is to change")
        given = self.cleaned_data
        changed: dict[str, Any] = {
            name: value
            for name in NUMBERS
            if (value := given.get(name)) is not None and value != self.terms[name]
        }
        if given["time_in_force"] != self.terms["time_in_force"]:
            changed["time_in_force"] = TimeInForce(given["time_in_force"])
        return changed


def terms_of(order: object) -> dict[str, Any]:
    return {name: getattr(order, name) for name in (*NUMBERS, "time_in_force")}


class ReplaceForm(ChangeForm):
    def __init__(
        self, order: Order, data: Any = None, *, wanted: Mapping[str, str] = NOTHING
    ) -> None:
        super().__init__(terms_of(order), data, wanted=wanted)
        times = times_offered(order.instrument.exchange_id, chosen=order.time_in_force)
        self.fields["time_in_force"].widget.choices = times
        kind = OrderType(order.type)
        is_waiting = order.triggered_at is None
        uses = {
            "limit_price": kind.has_limit,
            "stop_price": kind in STOPS and is_waiting,
            "trail_amount": order.trail_amount is not None and is_waiting,
            "trail_pct": order.trail_pct is not None and is_waiting,
        }
        for name, is_used in uses.items():
            if not is_used:
                del self.fields[name]

    def to_changes(self) -> Changes:
        """Raises:
        ValueError: the form was not valid.
        """
        changed = self.differing()
        if not changed:
            return Changes()
        return Changes(**changed, client_order_id=self.cleaned_data["client_order_id"])
