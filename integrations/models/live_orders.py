"""Connections that real orders may leave through, and those orders."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Final, Self

from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, When

from accounts.identifiers import new_id
from accounts.models import User
from integrations.live_orders import words
from integrations.live_orders.states import Event, Status
from integrations.models.connections import Connection
from market.models import Instrument
from portfolio.models import Portfolio

if TYPE_CHECKING:
    from uuid import UUID

UNSURE: Final = (Status.SENDING.value, Status.UNKNOWN.value)
AT_THE_BROKER: Final = (Status.ACCEPTED.value, Status.PARTIALLY_FILLED.value)


class Arming(models.Model):
    """While it stands, orders may leave through its connection, within its limits."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="armings", db_index=False
    )
    order_value_maximum = models.DecimalField(max_digits=20, decimal_places=2)
    currency = models.CharField(max_length=3)  # of that value: the portfolio's
    orders_a_day = models.PositiveIntegerField()  # by days of UTC
    armed_at = models.DateTimeField()
    disarmed_at = models.DateTimeField(null=True)
    disarmed_because = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["connection"], condition=Q(disarmed_at=None), name="arming_one_stands"
            ),
            models.CheckConstraint(
                condition=Q(order_value_maximum__gt=0, orders_a_day__gt=0),
                name="arming_limits_positive",
            ),
            models.CheckConstraint(
                condition=Q(disarmed_at=None) | Q(disarmed_at__gte=F("armed_at")),
                name="arming_ends_after_it_began",
            ),
        )


class LiveOrderQuerySet(models.QuerySet["LiveOrder"]):
    def for_user(self, user: User) -> Self:
        return self.filter(portfolio__owner=user)

    def working(self) -> Self:
        """Those that may still fill, as far as anybody knows."""
        return self.filter(status__in=Status.working())

    def unsure(self) -> Self:
        """Those of which nobody knows whether the broker has them."""
        return self.filter(status__in=UNSURE)

    def with_replaced_by(self) -> Self:
        """Tell of each order that was replaced which one has taken over.

        None where the broker was told so by somebody else than the desk.
        """
        heirs = LiveOrder.objects.filter(replaces=OuterRef("pk"))
        at_the_broker = heirs.exclude(broker_order_id="").exclude(status=Status.REJECTED)
        latest = Subquery(at_the_broker.order_by("-id").values("id")[:1])
        return self.annotate(replaced_by_id=Case(When(status=Status.REPLACED, then=latest)))


class LiveOrder(models.Model):
    """An instruction to a broker. Its terms never change; units, and the instrument's currency.

    At the broker it is known by its ``id``, so that no order of anybody else's is taken for it.
    ``value`` is what it was taken to be worth when it was placed, in ``value_currency``.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.PROTECT, related_name="live_orders", db_index=False
    )
    # Both go when the connection is deleted.
    connection = models.ForeignKey(
        Connection,
        on_delete=models.SET_NULL,
        null=True,
        related_name="live_orders",
        db_index=False,
    )
    arming = models.ForeignKey(
        Arming, on_delete=models.SET_NULL, null=True, related_name="orders", db_index=False
    )
    # The order that this one takes over from, or was to.
    replaces = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="replacements", db_index=False
    )
    broker = models.CharField(max_length=40)
    connection_name = models.CharField(max_length=80)
    is_sandbox = models.BooleanField()
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    broker_symbol = models.CharField(max_length=80)
    client_order_id = models.CharField(max_length=128)
    side = models.CharField(max_length=4)
    type = models.CharField(max_length=14)
    time_in_force = models.CharField(max_length=3)
    quantity = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    notional = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    limit_price = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    stop_price = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    trail_amount = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    trail_pct = models.DecimalField(max_digits=10, decimal_places=8, null=True)
    value = models.DecimalField(max_digits=28, decimal_places=2)
    value_currency = models.CharField(max_length=3)
    placed_at = models.DateTimeField()

    status = models.CharField(max_length=16, choices=[(one.value, one.value) for one in Status])
    reason = models.CharField(max_length=300, blank=True)  # of the status, in words
    broker_order_id = models.CharField(max_length=120, blank=True)
    filled_quantity = models.DecimalField(max_digits=28, decimal_places=10, default=Decimal(0))
    raw = models.TextField(blank=True)  # what the broker told latest
    sent_at = models.DateTimeField(null=True)  # when a worker began to send it
    changed_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    cancel_asked_at = models.DateTimeField(null=True)
    cancel_sent_at = models.DateTimeField(null=True)  # when the broker took note of it
    look_at = models.DateTimeField(null=True)  # when the broker is asked about it next

    if TYPE_CHECKING:
        replaced_by_id: UUID | None  # where it was read ``with_replaced_by``

    objects: ClassVar[models.Manager[LiveOrder]] = LiveOrderQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["connection", "client_order_id"], name="live_order_client_id_once"
            ),
            models.UniqueConstraint(
                fields=["replaces"],
                condition=Q(status__in=[Status.RECORDED.value, *UNSURE]),
                name="live_order_replaced_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, notional=None) | Q(notional__gt=0, quantity=None),
                name="live_order_has_one_size",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[one.value for one in Status]),
                name="live_order_status_known",
            ),
            models.CheckConstraint(
                condition=Q(finished_at=None, status__in=Status.working())
                | (Q(finished_at__isnull=False) & ~Q(status__in=Status.working())),
                name="live_order_finished_when_ended",
            ),
            models.CheckConstraint(
                condition=Q(filled_quantity__gte=0), name="live_order_filled_not_negative"
            ),
        )
        indexes = (
            models.Index(fields=["portfolio", "-placed_at", "-id"], name="live_order_newest"),
            models.Index(
                fields=["connection", "-placed_at", "-id"], name="live_order_of_connection"
            ),
            models.Index(
                fields=["replaces"], condition=~Q(replaces=None), name="live_order_replacements"
            ),
            models.Index(
                fields=["look_at"], condition=~Q(look_at=None), name="live_order_to_look_at"
            ),
        )

    def __str__(self) -> str:
        return f"{self.side} {self.broker_symbol} ({self.status})"

    @property
    def is_working(self) -> bool:
        return self.status in Status.working()

    @property
    def is_unsure(self) -> bool:
        return self.status in UNSURE

    @property
    def status_words(self) -> str:
        return words.STATUSES[Status(self.status)]

    @property
    def type_words(self) -> str:
        return self.type.replace("_", " ")

    @property
    def is_at_the_broker(self) -> bool:
        return self.status in AT_THE_BROKER

    @property
    def may_be_cancelled(self) -> bool:
        return self.is_working and self.cancel_asked_at is None

    @property
    def may_be_replaced(self) -> bool:
        """Where its broker does that, and no other order is about to."""
        has_units = self.quantity is not None
        return self.is_at_the_broker and has_units and self.cancel_asked_at is None


class LiveOrderEvent(models.Model):
    """A step in a live order's life. Append-only.

    The table has one column more than this class: ``recorded_xid``, by which streams resume.
    """

    id = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(
        LiveOrder, on_delete=models.PROTECT, related_name="events", db_index=False
    )
    kind = models.CharField(max_length=16)  # a value of integrations.live_orders.states.Event
    status = models.CharField(max_length=16)  # the status after it
    occurred_at = models.DateTimeField()
    actor_id = models.UUIDField(null=True)  # the user who caused it; null for the desk
    filled_quantity = models.DecimalField(max_digits=28, decimal_places=10)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = (models.Index(fields=["order", "id"], name="live_order_event_by_order"),)

    @property
    def words(self) -> str:
        return words.EVENTS[Event(self.kind)]
