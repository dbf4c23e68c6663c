"""Arming: by the owner, within limits, of what can be armed; and every way in which it ends."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.errors import NotFound
from accounts.models import AuditEvent, User
from integrations.connections import arming
from integrations.connections.arming import ArmingRefused, ArmingTerms, NotArmable
from integrations.models import Arming, Connection, OutboxEvent
from portfolio.models import Portfolio, PortfolioKind
from portfolio.portfolios import archive_portfolio
from tests.factories import make_instrument, make_portfolio, make_user
from tests.integrations.connections.desk import Desk, desk_with, tracked
from tests.integrations.live_orders.desk import LiveOrderDesk
from trading.changing.archiving import OrdersWorking

TERMS = ArmingTerms(order_value_maximum=Decimal(100), orders_a_day=1)


def arm(owner: User, connection: Connection, terms: ArmingTerms = TERMS) -> Arming:
    return arming.arm_connection(
        owner=owner, connection_id=connection.id, terms=terms, armed_at=timezone.now()
    )


def test_arming_is_written_down_and_told(desk: LiveOrderDesk) -> None:
    assert AuditEvent.objects.filter(action="connection.armed").count() == 1
    assert OutboxEvent.objects.filter(kind="connection.armed").count() == 1
    desk.arm("50", orders=2)
    standing = Arming.objects.get(disarmed_at=None)
    assert standing.order_value_maximum == 50
    assert standing.orders_a_day == 2
    desk.disarm()
    desk.disarm()
    assert AuditEvent.objects.filter(action="connection.disarmed").count() == 1
    assert OutboxEvent.objects.filter(kind="connection.disarmed").count() == 1


def test_only_its_owner_arms_and_disarms(desk: LiveOrderDesk) -> None:
    charlie = make_user("charlie@example.com")
    with pytest.raises(NotFound):
        arm(charlie, desk.connection)
    with pytest.raises(NotFound):
        arming.disarm_connection(
            owner=charlie, connection_id=desk.connection.id, disarmed_at=timezone.now()
        )
    assert Arming.objects.filter(disarmed_at=None).exists()


def test_who_has_nothing_to_be_asked_for_arms_nothing(desk: LiveOrderDesk) -> None:
    desk.disarm()
    owner = desk.owner
    owner.set_unusable_password()
    owner.save()
    with pytest.raises(NotArmable, match="Set a password or a second factor"):
        arm(owner, desk.connection)
    Authenticator.objects.create(user=owner, type=Authenticator.Type.WEBAUTHN, data={})
    assert arm(owner, desk.connection).disarmed_at is None


def test_a_demo_arms_nothing(desk: LiveOrderDesk) -> None:
    desk.disarm()
    desk.owner.is_demo = True
    with pytest.raises(NotArmable, match="A demo sends no orders"):
        arm(desk.owner, desk.connection)


@pytest.mark.parametrize(
    ("value", "orders", "field"),
    [
        ("0", 1, "order_value_maximum"),
        ("1000000000.01", 1, "order_value_maximum"),
        ("NaN", 1, "order_value_maximum"),
        ("1.001", 1, "order_value_maximum"),
        ("1", 0, "orders_a_day"),
        ("1", 1001, "orders_a_day"),
    ],
)
def test_limits_must_be_limits(desk: LiveOrderDesk, value: str, orders: int, field: str) -> None:
    with pytest.raises(ArmingRefused) as caught:
        desk.arm(value, orders)
    assert [one.field for one in caught.value.problems] == [field]
    desk.arm("1000000000", 1000)


def test_the_most_that_may_be_allowed_is_a_setting(desk: LiveOrderDesk, settings: Settings) -> None:
    settings.LIMITS = replace(settings.LIMITS, arming_value_maximum=10, arming_orders_maximum=2)
    desk.arm("10", 2)
    for value, orders in (("10.01", 2), ("10", 3)):
        with pytest.raises(ArmingRefused):
            desk.arm(value, orders)


def test_what_is_not_verified_cannot_be_armed(alice: User) -> None:
    with desk_with(alice) as plain:
        connection = plain.connect()
        with pytest.raises(NotArmable):
            arm(alice, connection)
        plain.vendor.is_expired = True
        plain.sync(connection)
        with pytest.raises(NotArmable):
            arm(alice, connection)


def test_a_broker_that_takes_no_orders_cannot_be_armed(alice: User) -> None:
    make_instrument("AAPL")
    with desk_with(alice, "trading212") as plain:
        connection = plain.connect()
        plain.sync(connection)
        with pytest.raises(NotArmable, match="takes no orders"):
            arm(alice, connection)


def test_a_portfolio_is_archived_only_without_working_live_orders(desk: LiveOrderDesk) -> None:
    def archive() -> None:
        archive_portfolio(
            portfolio_id=desk.desk.portfolio.id, owner=desk.owner, archived_at=timezone.now()
        )

    order = desk.sent()
    with pytest.raises(OrdersWorking), transaction.atomic():
        archive()
    desk.fill(order, "2", status="filled")
    desk.look(order)
    archive()
    assert not Arming.objects.filter(disarmed_at=None).exists()
    with pytest.raises(NotArmable):
        desk.arm()


def test_the_database_connects_no_paper_portfolio(desk: LiveOrderDesk) -> None:
    paper = make_portfolio(desk.owner, name="Pretend")
    with pytest.raises(IntegrityError, match="tracked"), transaction.atomic():
        Connection.objects.filter(id=desk.connection.id).update(portfolio=paper)
    with pytest.raises(IntegrityError, match="tracked"), transaction.atomic():
        Connection.objects.create(
            owner=desk.owner,
            portfolio=paper,
            broker="alpaca",
            name="Sly",
            created_at=timezone.now(),
            due_at=timezone.now(),
        )


def test_the_database_makes_no_paper_of_what_is_connected(desk: LiveOrderDesk) -> None:
    own = Portfolio.objects.filter(id=desk.desk.portfolio.id)
    with pytest.raises(IntegrityError, match="connected"), transaction.atomic():
        own.update(kind=PortfolioKind.PAPER)
    other = tracked(desk.owner, name="Free")
    Portfolio.objects.filter(id=other.id).update(kind=PortfolioKind.PAPER)


def test_two_connections_are_armed_each_for_itself(desk: LiveOrderDesk) -> None:
    plain: Desk = desk.desk
    plain.connect(name="Second")
    assert Arming.objects.filter(disarmed_at=None).count() == 1
