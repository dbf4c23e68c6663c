"""The order ticket as people fill it in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS

from accounts.errors import AllowanceExceeded, Problem
from accounts.identifiers import new_id
from accounts.refusals import with_way_on
from market import sessions
from trading.orders import OrderTicket
from trading.states import OrderClass, OrderType, Side, TimeInForce

# Where a problem of the operation stands on the ticket; what is not named concerns all of it.
FIELD_OF_PROBLEM: Final = {
    "quantity": "size",
    "notional": "size",
    "limit_price": "limit_price",
    "stop_price": "stop_price",
    "trail_amount": "trail",
    "trail_pct": "trail",
    "time_in_force": "time_in_force",
    "extended_hours": "extended_hours",
    "take_profit": "take_profit",
    "take_profit.limit_price": "take_profit",
    "stop_loss": "stop_loss",
    "stop_loss.stop_price": "stop_loss",
    "stop_loss.limit_price": "stop_loss_limit",
}
QUANTITY: Final = "quantity"
NOTIONAL: Final = "notional"
AMOUNT: Final = "amount"
PER_CENT: Final = "pct"
EXITS: Final = ("take_profit", "stop_loss", "stop_loss_limit")
STOPS_AT_A_PRICE: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
TYPES: Final = (
    (OrderType.MARKET.value, "Market"),
    (OrderType.LIMIT.value, "Limit"),
    (OrderType.STOP.value, "Stop"),
    (OrderType.STOP_LIMIT.value, "Stop limit"),
    (OrderType.TRAILING_STOP.value, "Trailing"),
)
TIMES_IN_FORCE: Final = (
    (TimeInForce.DAY.value, "Day: until the close"),
    (TimeInForce.GTC.value, "GTC: until cancelled"),
    (TimeInForce.IOC.value, "IOC: what fills at once"),
    (TimeInForce.FOK.value, "FOK: all at once or nothing"),
    (TimeInForce.OPG.value, "OPG: in the opening auction"),
    (TimeInForce.CLS.value, "CLS: in the closing auction"),
)
DECIMAL_INPUT: Final = {"inputmode": "decimal", "autocomplete": "off", "spellcheck": "false"}


def times_offered(mic: str, *, chosen: str = "") -> list[tuple[str, str]]:
    """What to choose from: an auction only where the exchange holds one, or ``chosen`` is it."""
    are_held = sessions.has_auctions(mic)
    return [
        (value, words)
        for value, words in TIMES_IN_FORCE
        if are_held or value == chosen or not TimeInForce(value).is_auction
    ]


def number_field(label: str, *, decimal_places: int) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        max_digits=28,
        decimal_places=decimal_places,
        widget=forms.TextInput(attrs=DECIMAL_INPUT),
        error_messages={"invalid": "This is not a number."},
    )


class OrderTicketForm(forms.Form):
    """One size, read as units or as an amount. What is missing the operation itself says."""

    side = forms.ChoiceField(choices=[(side.value, side.name.title()) for side in Side])
    type = forms.ChoiceField(choices=TYPES)
    sizing = forms.ChoiceField(choices=[(QUANTITY, "Units"), (NOTIONAL, "Amount")])
    size = number_field("How much", decimal_places=10)
    stop_price = number_field("Stop price", decimal_places=8)
    trail = number_field("Distance", decimal_places=8)
    trail_in = forms.ChoiceField(
        choices=[(AMOUNT, "Amount"), (PER_CENT, "Per cent")], required=False
    )
    limit_price = number_field("Limit price", decimal_places=8)
    take_profit = number_field("Take profit at", decimal_places=8)
    stop_loss = number_field("Stop loss from", decimal_places=8)
    stop_loss_limit = number_field("and not below", decimal_places=8)
    time_in_force = forms.ChoiceField(
        label="Time in force",
        choices=TIMES_IN_FORCE,
        widget=forms.Select(attrs={"aria-describedby": "id_time_in_force_problems"}),
    )
    extended_hours = forms.BooleanField(
        label="Also before the opening and after the close",
        required=False,
        widget=forms.CheckboxInput(attrs={"aria-describedby": "id_extended_hours_problems"}),
    )
    # Drawn up with the form, so that the same form sent twice is one order.
    client_order_id = forms.CharField(
        max_length=128, required=False, widget=forms.HiddenInput, strip=False
    )

    @classmethod
    def blank(cls, **chosen: str) -> OrderTicketForm:
        """A ticket with every choice made and no size; ``chosen`` overrules the defaults."""
        defaults = {
            "side": Side.BUY.value,
            "type": OrderType.MARKET.value,
            "sizing": QUANTITY,
            "size": "",
            "limit_price": "",
            "stop_price": "",
            "trail": "",
            "trail_in": AMOUNT,
            "take_profit": "",
            "stop_loss": "",
            "stop_loss_limit": "",
            "time_in_force": TimeInForce.DAY.value,
            "client_order_id": str(new_id()),
        }
        return cls(defaults | {name: value for name, value in chosen.items() if value})

    def offer_times_of(self, mic: str) -> None:
        """Show what the exchange has alone; the order's checks say why another is refused."""
        self.fields["time_in_force"].widget.choices = times_offered(mic)

    def clean(self) -> dict[str, Any]:
        # Kept apart: a problem put at a field takes its value out of ``cleaned_data``.
        self._given = dict(self.cleaned_data)
        return self.cleaned_data

    def to_ticket(self, instrument_id: int) -> OrderTicket:
        """What the investor asks for, as far as the fields could be read.

        A field in error counts as left empty, or as its first choice.
        """
        self.is_valid()
        given = self._given
        size = given.get("size")
        is_amount = given.get("sizing") == NOTIONAL
        kind = OrderType(given.get("type") or OrderType.MARKET)
        trail = given.get("trail") if kind is OrderType.TRAILING_STOP else None
        is_share = given.get("trail_in") == PER_CENT
        return OrderTicket(
            instrument_id=instrument_id,
            side=Side(given.get("side") or Side.BUY),
            type=kind,
            time_in_force=TimeInForce(given.get("time_in_force") or TimeInForce.DAY),
            quantity=None if is_amount else size,
            notional=size if is_amount else None,
            # Fields that do not belong to the type are out of sight, so what they still hold is
            # not meant.
            limit_price=given.get("limit_price") if kind.has_limit else None,
            stop_price=given.get("stop_price") if kind in STOPS_AT_A_PRICE else None,
            trail_amount=None if is_share else trail,
            trail_pct=trail if is_share else None,
            extended_hours=bool(given.get("extended_hours")) and kind.has_limit,
            client_order_id=given.get("client_order_id") or None,
            order_class=self._class_of(given),
            take_profit=given.get("take_profit"),
            stop_loss=given.get("stop_loss"),
            stop_loss_limit=given.get("stop_loss_limit"),
        )

    @property
    def has_exits(self) -> bool:
        """Whether any exit is filled in, so that its fields are to be in sight."""
        return any(self[name].value() for name in EXITS)

    @property
    def time_in_force_words(self) -> str:
        """How long the order is good, as the end of a sentence: ``until the close``."""
        words = dict(TIMES_IN_FORCE).get(self["time_in_force"].value() or "", "")
        return words.partition(": ")[2]

    @staticmethod
    def _class_of(given: dict[str, Any]) -> OrderClass:
        """What the exits make of the order; a sale at a limit with a stop-loss is an OCO."""
        count = sum(given.get(name) is not None for name in ("take_profit", "stop_loss"))
        if not count and given.get("stop_loss_limit") is None:
            return OrderClass.SIMPLE
        if given.get("side") == Side.SELL and given.get("stop_loss") is not None:
            return OrderClass.OCO
        return OrderClass.BRACKET if count == 2 else OrderClass.OTO

    def add_problems(self, problems: Iterable[Problem], *, is_draft: bool = False) -> None:
        """Put each problem at its field; a draft is not blamed for what is still missing."""
        for problem in problems:
            field = FIELD_OF_PROBLEM.get(problem.field)
            known: Sequence[Any] = self.errors.get(field or NON_FIELD_ERRORS, [])
            is_known = bool(known) if field else any(problem.message in text for text in known)
            if not is_known and not (is_draft and problem.code == "missing"):
                is_of_tier = problem.code == AllowanceExceeded.code
                message = with_way_on(problem.message) if is_of_tier else problem.message
                self.add_error(field, message)
