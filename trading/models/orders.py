"""Orders, what happened to them, and the queue of commands for the matcher."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any, ClassVar, Self
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.base import ModelState

from accounts.identifiers import new_id
from accounts.models import User
from accounts.roles import Role
from market.models import Instrument
from portfolio.models import Portfolio
from trading.states import CommandKind, OrderClass, OrderType, Side, Status, TimeInForce
from trading.status_words import WORDS


def _choices(enum: type) -> list[tuple[str, str]]:
    return [(member.value, member.value.replace("_", " ").capitalize()) for member in enum]  # type: ignore[attr-defined]


class OrderQuerySet(models.QuerySet["Order"]):
    def for_user(self, user: User, role: Role = Role.OWNER) -> Self:
        """Orders of the portfolios in which the user has at least that role."""
        if role is Role.OWNER:
            return self.filter(portfolio__owner=user, portfolio__archived_at=None)
        return self.filter(portfolio__in=Portfolio.objects.for_user(user, role))

    def with_read_only(self, user: User) -> Self:
        """Note at each whether it is ``read_only``: of a portfolio where the user only looks."""
        editable = Portfolio.objects.for_user(user, Role.EDITOR).filter(id=OuterRef("portfolio_id"))
        return self.annotate(read_only=~Exists(editable))

    def working(self) -> Self:
        """Orders that can still fill."""
        return self.filter(status__in=Status.working())


class Order(models.Model):
    """An instruction to buy or sell. Quantities are in units, prices in the instrument's currency.

    ``filled_amount`` is the sum of price × quantity over the fills, so the average price is
    ``filled_amount / filled_quantity``. ``worst_price`` is the limit, or for a market order the
    reference price moved by the collar: beyond it nothing fills, so the hold always suffices.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.PROTECT, related_name="orders", db_index=False
    )
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    client_order_id = models.CharField(max_length=128)
    side = models.CharField(max_length=4, choices=_choices(Side))
    type = models.CharField(max_length=14, choices=_choices(OrderType))
    time_in_force = models.CharField(max_length=3, choices=_choices(TimeInForce))
    status = models.CharField(max_length=16, choices=_choices(Status))
    quantity = models.DecimalField(max_digits=28, decimal_places=10)
    notional = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    limit_price = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    worst_price = models.DecimalField(max_digits=20, decimal_places=8)
    # Of a trailing stop it follows ``water_mark``, the best price heard since, and both are null
    # until the matcher has heard one.
    stop_price = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    trail_amount = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    trail_pct = models.DecimalField(max_digits=8, decimal_places=4, null=True)
    water_mark = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    triggered_at = models.DateTimeField(null=True)
    commission_schedule = models.CharField(max_length=120)  # for trading.commissions.schedule_of
    filled_quantity = models.DecimalField(max_digits=28, decimal_places=10, default=Decimal(0))
    filled_amount = models.DecimalField(max_digits=28, decimal_places=10, default=Decimal(0))
    # What splits have made of fills: ``filled_quantity`` is in units of now and counts them too.
    units_from_splits = models.DecimalField(
        max_digits=28, decimal_places=10, default=Decimal(0), db_default=Decimal(0)
    )
    extended_hours = models.BooleanField(default=False)
    # Place in the shard's sequence of accepted commands: the order's time priority. That of a stop
    # counts from when it was triggered, and until then among stops.
    priority = models.BigIntegerField(null=True)
    submitted_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)  # DAY orders: the close of their session
    # The order it takes over from, and the one that took over from it. Of what was asked for in
    # all, ``filled_before`` units had filled there, and ``quantity`` is the rest.
    replaces = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    replaced_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    filled_before = models.DecimalField(
        max_digits=28, decimal_places=10, default=Decimal(0), db_default=Decimal(0)
    )
    order_class = models.CharField(
        max_length=7,
        choices=_choices(OrderClass),
        default=OrderClass.SIMPLE.value,
        db_default=OrderClass.SIMPLE.value,
    )
    # Of an exit: its entry, or the take-profit that leads an OCO.
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="legs", db_index=False
    )
    activated_at = models.DateTimeField(null=True)  # when an exit that slept began to work
    hold_reference = models.UUIDField(null=True)  # the hold it shares with others of its group
    finished_at = models.DateTimeField(null=True)
    status_reason = models.CharField(max_length=200, blank=True)

    objects: ClassVar[models.Manager[Order]] = OrderQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["portfolio", "client_order_id"], name="order_once_per_client_order_id"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="order_quantity_positive"),
            models.CheckConstraint(
                condition=Q(filled_quantity__gte=0) & Q(filled_quantity__lte=F("quantity")),
                name="order_filled_within_quantity",
            ),
            models.CheckConstraint(
                condition=Q(parent=None) | ~Q(order_class=OrderClass.SIMPLE.value),
                name="order_legs_have_a_class",
            ),
            models.CheckConstraint(
                condition=Q(filled_before__gte=0) & (Q(filled_before=0) | ~Q(replaces=None)),
                name="order_filled_before_by_another",
            ),
            models.CheckConstraint(
                condition=Q(replaced_by=None) | Q(status=Status.REPLACED.value),
                name="order_replaced_by_when_replaced",
            ),
            models.CheckConstraint(
                condition=(Q(limit_price=None) | Q(limit_price__gt=0)) & Q(worst_price__gt=0),
                name="order_prices_positive",
            ),
            models.CheckConstraint(
                condition=(Q(stop_price=None) | Q(stop_price__gt=0))
                & (Q(trail_amount=None) | Q(trail_amount__gt=0))
                & (Q(trail_pct=None) | Q(trail_pct__gt=0, trail_pct__lt=100))
                & (Q(water_mark=None) | Q(water_mark__gt=0)),
                name="order_stop_prices_positive",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[status.value for status in Status]),
                name="order_status_known",
            ),
            models.CheckConstraint(
                condition=Q(finished_at=None, status__in=Status.working())
                | (Q(finished_at__isnull=False) & ~Q(status__in=Status.working())),
                name="order_finished_when_terminal",
            ),
        )
        indexes = (
            models.Index(
                fields=["instrument", "priority"],
                condition=Q(status__in=Status.working()),
                name="order_working",
            ),
            models.Index(
                fields=["portfolio", "instrument", "side", "limit_price"],
                condition=Q(status__in=Status.working()),
                name="order_working_of_portfolio",
            ),
            models.Index(fields=["portfolio", "-submitted_at", "-id"], name="order_newest"),
            models.Index(fields=["parent"], condition=~Q(parent=None), name="order_legs"),
        )

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} {self.instrument_id} ({self.status})"

    @classmethod
    def as_recorded(cls, **values: Any) -> Order:
        """The order whose row will read so; columns that are not named have their defaults.

        Django's own constructor takes ten times as long, a third of what placing an order takes.

        Raises:
            TypeError: there is no such column.
        """
        columns = default_columns() | values
        if len(columns) > len(default_columns()):
            unknown = sorted(columns.keys() - default_columns().keys())
            raise TypeError(f"An order has no column {', '.join(unknown)}.")
        order = cls.__new__(cls)
        state = ModelState()
        state.adding, state.db = False, DEFAULT_DB_ALIAS
        order.__dict__.update(columns, _state=state)
        return order

    @property
    def remaining_quantity(self) -> Decimal:
        return self.quantity - self.filled_quantity

    @property
    def average_fill_price(self) -> Decimal | None:
        return self.filled_amount / self.filled_quantity if self.filled_quantity else None

    @property
    def hold_id(self) -> UUID:
        """What its hold is known by; exits of a group share one."""
        return self.hold_reference or self.id

    @property
    def is_exit(self) -> bool:
        """Whether it sells what is held for a group; the order that leads an OCO does."""
        return self.parent_id is not None or self.order_class == OrderClass.OCO

    @property
    def status_words(self) -> str:
        """What its status means, for whoever owns it."""
        return WORDS[Status(self.status)]

    @property
    def is_working(self) -> bool:
        return self.status in Status.working()


@cache
def default_columns() -> dict[str, Any]:
    """None of them is of a kind that can change; an id of its own each order has to name."""
    fields = Order._meta.concrete_fields
    return {it.attname: None if it.primary_key else it.get_default() for it in fields}


class OrderEvent(models.Model):
    """A change in an order's life. Append-only."""

    id = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="events", db_index=False
    )
    kind = models.CharField(max_length=20)  # a value of trading.states.Event
    status = models.CharField(max_length=16)  # the status after it
    occurred_at = models.DateTimeField()
    actor_id = models.UUIDField(null=True)  # the user who caused it; null for the system
    details = models.JSONField(default=dict)

    class Meta:
        indexes = (models.Index(fields=["order", "id"], name="order_event_by_order"),)


class OrderCommand(models.Model):
    """Work for the matcher. ``sequence`` is given, without gaps, by the matcher that did it."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=8, choices=_choices(CommandKind))
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="commands", db_index=False
    )
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    actor_id = models.UUIDField(null=True)
    created_at = models.DateTimeField()
    shard = models.PositiveSmallIntegerField(null=True)
    sequence = models.BigIntegerField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["shard", "sequence"], name="order_command_sequence"),
            models.CheckConstraint(
                condition=Q(sequence=None, done_at=None)
                | Q(sequence__isnull=False, done_at__isnull=False),
                name="order_command_done_has_sequence",
            ),
        )
        indexes = (
            models.Index(fields=["id"], condition=Q(sequence=None), name="order_command_waiting"),
        )
