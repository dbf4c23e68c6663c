"""Dividends and splits that providers tell of, and what their splits mean for prices of theirs.

Providers divide all the bars they give by every split up to the moment of asking. Days that were
taken in before a split are not divided by it, so such a split is none "in history", and bars of
before it that are taken in later are multiplied back to what was traded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import F

from market.corporate_actions.action_intake import ActionIntake, standing_actions
from market.corporate_actions.actions import facts_of, lock_actions, today_of
from market.corporate_actions.adjustment import ONE, Split
from market.corporate_actions.facts import ActionFacts, find_problems, plain_facts
from market.corporate_actions.split_factors import splits_of
from market.intake.bar_providers import ActionProvider, BarProvider, ProvidedBar
from market.intake.wanted_days import newest_known_day
from market.models import CorporateAction, IngestionRun, Instrument, InstrumentFeed, QuarantinedRow
from market.models.prices import QuarantinedKind

LATE: Final = timedelta(days=14)  # that long after its ex-date an action is still looked for
PRICE_PLACES: Final = 8


def ask_for_actions(
    provider: BarProvider, *, feed: InstrumentFeed, run: IngestionRun, at: datetime
) -> None:
    """Take in what a provider tells of since it was asked last; nothing where it tells of none.

    Raises:
        ProviderError: as ``ActionProvider.actions``.
    """
    if isinstance(provider, ActionProvider):
        since, until = wanted_actions(feed, now=at)
        told = provider.actions(feed.instrument, since=since, until=until)
        take_actions(told, source=provider.name, feed=feed, run=run, at=at)


def wanted_actions(feed: InstrumentFeed, *, now: datetime) -> tuple[date, date]:
    """The first and the last ex-date to ask for."""
    today = today_of(feed.instrument, at=now)
    if feed.actions_until is None:
        return today - timedelta(days=settings.LIMITS.collection_history_days), today
    return feed.actions_until - LATE, today


@transaction.atomic
def take_actions(
    told: Sequence[ActionFacts],
    *,
    source: str,
    feed: InstrumentFeed,
    run: IngestionRun,
    at: datetime,
) -> None:
    """Record what is new; what others have recorded or cancelled stays as they have it.

    Whatever cannot be recorded waits in quarantine, once.
    """
    instrument = feed.instrument
    lock_actions()
    intake = ActionIntake(standing_actions([instrument.id]), source=source, at=at)
    known = list(CorporateAction.objects.filter(instrument=instrument))
    newest = newest_known_day(instrument)
    refused = 0
    for one in told:
        facts = replace(one, is_in_history=_is_in_history(one, feed=feed, newest=newest))
        same_day = [action for action in known if _is_of_same(action, facts)]
        if same_day and all(_says_no_other(action, facts) for action in same_day):
            intake.unchanged += 1
        elif reason := _why_not(facts, same_day, today=today_of(instrument, at=at)):
            refused += _keep(facts, instrument, run, *reason)
        else:
            intake.take(instrument, facts)
    intake.save()
    feed.actions_until = today_of(instrument, at=at)
    feed.save(update_fields=["actions_until"])
    IngestionRun.objects.filter(id=run.id).update(
        rows_read=F("rows_read") + len(intake.added) + intake.unchanged + refused,
        rows_written=F("rows_written") + len(intake.added),
        rows_unchanged=F("rows_unchanged") + intake.unchanged,
        rows_refused=F("rows_refused") + refused,
    )


def as_stored(bars: Iterable[ProvidedBar], *, splits: Sequence[Split]) -> list[ProvidedBar]:
    """The bars as prices of ours have them: not divided by splits that ours do not know."""
    unknown = [split for split in splits if not split.is_in_history]
    found = []
    for bar in bars:
        factor = ONE
        for split in unknown:
            if bar.opened_at < split.ex_at:
                factor *= split.factor
        found.append(bar if factor == ONE else _divided(bar, factor))
    return found


def splits_until_now(instrument: Instrument, *, since: date, at: datetime) -> list[Split]:
    """Those whose ex-date has begun."""
    splits = splits_of([instrument.id], since=since).get(instrument.id, [])
    return [split for split in splits if split.ex_at <= at]


def _divided(bar: ProvidedBar, factor: Decimal) -> ProvidedBar:
    prices = {
        name: round(getattr(bar, name) / factor, PRICE_PLACES)
        for name in ("open", "high", "low", "close")
    }
    return replace(bar, volume=bar.volume * factor, **prices)


def _is_in_history(one: ActionFacts, *, feed: InstrumentFeed, newest: date | None) -> bool:
    """Whether the days of before the split were, or will be, taken in after it."""
    if one.kind.is_dividend:
        return False
    return newest is None or (feed.actions_until is None and one.ex_date <= newest)


def _is_of_same(action: CorporateAction, facts: ActionFacts) -> bool:
    is_dividend = facts_of(action).kind.is_dividend
    return action.ex_date == facts.ex_date and is_dividend is facts.kind.is_dividend


def _says_no_other(action: CorporateAction, facts: ActionFacts) -> bool:
    """Cancelled, it is not to come back; what providers cannot know is not compared."""
    if action.cancelled_at is not None:
        return True
    ours = facts_of(action)
    given = {name: value for name, value in asdict(facts).items() if value is not None}
    kept = {"kind": facts.kind, "is_in_history": facts.is_in_history}
    return {name: getattr(ours, name) for name in given} | kept == given


def _why_not(
    facts: ActionFacts, same_day: Sequence[CorporateAction], *, today: date
) -> tuple[str, str] | None:
    if problems := find_problems(facts, today=today):
        return problems[0].code, problems[0].message
    standing = [action for action in same_day if action.cancelled_at is None]
    if standing:
        words = facts_of(standing[0]).words
        return "corporate_action_exists", f"That day has {words} already, not {facts.words}."
    return None


def _keep(
    facts: ActionFacts, instrument: Instrument, run: IngestionRun, code: str, message: str
) -> int:
    """1 where it was not kept before."""
    raw: dict[str, Any] = {"symbol": instrument.symbol, **plain_facts(facts)}
    rows = QuarantinedRow.objects.filter(run__provider=run.provider, kind=QuarantinedKind.OTHER)
    if rows.filter(raw=raw).exists():
        return 0
    QuarantinedRow.objects.create(
        run=run,
        line=run.refusals.count() + 1,
        kind=QuarantinedKind.OTHER,
        code=code,
        message=message[:300],
        raw=raw,
    )
    return 1
