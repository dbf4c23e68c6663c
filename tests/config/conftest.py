"""A desk for the tests of how desks run."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.desk import LiveDesk


@pytest.fixture(scope="package")
def desk(make_live_desk: Callable[..., LiveDesk]) -> Iterator[LiveDesk]:
    """A running one with the sample and the demo login."""
    desk = make_live_desk()
    desk.start()
    yield desk
    desk.stop()
