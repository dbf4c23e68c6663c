"""A small part of what ``make torture CASE=alerts`` plays."""

import pytest

from market.alerts import crossing_index
from tests.torture import alerts


def test_alerts_of_every_kind_fire_what_a_plain_look_at_each_fires() -> None:
    finding = alerts.search(seconds=0, seed=11, ticks=12_000)
    assert finding.violations == []
    assert finding.count == 12_000


def test_a_wrong_watch_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search is worth something: an index that forgets one alert in fifty is caught."""
    put = crossing_index.Ladder.put

    def forgetful(
        ladder: crossing_index.Ladder, level: object, watch: crossing_index.Watch
    ) -> None:
        if watch.alert_id.int % 50:
            put(ladder, level, watch)  # type: ignore[arg-type]

    monkeypatch.setattr(crossing_index.Ladder, "put", forgetful)
    monkeypatch.setattr(crossing_index.Ladder, "remove", lambda *words: None)
    assert alerts.search(seconds=0, seed=11, ticks=4_000).violations
