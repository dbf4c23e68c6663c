"""Who takes part, and limits that thousands of requests stay below however long they take."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from django.conf import LazySettings

from accounts import auth, tiers
from accounts.rate_limits import limiter
from accounts.tiers import Tier
from market.live import live_quotes
from tests.authorisation.person import Person
from tests.authorisation.things import make_market, make_person, value_books_of


@dataclass(frozen=True, slots=True)
class People:
    standard: Person
    premium: Person
    admin: Person
    demoted: Person
    victim: Person  # the other tenant, whose ids the others try


def make_people() -> People:
    make_market()
    return People(
        standard=make_person("stanhope", tier=Tier.STANDARD),
        premium=make_person("primrose", tier=Tier.PREMIUM),
        admin=make_person("adelaide", tier=Tier.ADMIN, is_staff=True, is_superuser=True),
        demoted=make_person("demetrius", tier=Tier.STANDARD),
        victim=make_person("valentina", tier=Tier.PREMIUM),
    )


@pytest.fixture(autouse=True)
def no_rate_limits(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> Iterator[None]:
    """Let the matrix ask as often as it likes; how often one may is tested elsewhere."""
    for tier, allowance in tiers.ALLOWANCES.items():
        plenty = replace(allowance, requests_per_minute=10**6, page_requests_per_minute=10**6)
        monkeypatch.setitem(tiers.ALLOWANCES, tier, plenty)
    settings.LIMITS = replace(
        settings.LIMITS,
        anonymous_requests_per_minute=10**6,
        request_timeout_seconds=600,  # a busy machine is no reason to refuse anything
        # Nor may a price that grows old between two answers tell them apart.
        quote_fresh_seconds=3600,
        access_token_seconds=3600,  # nor a token that ends meanwhile
    )
    settings.ACCOUNT_RATE_LIMITS = False
    # Thousands of refusals are the point here, and no news.
    for name in ("django.request", "holdfast.requests"):
        monkeypatch.setattr(logging.getLogger(name), "disabled", True)
    live_quotes.rest.end()
    auth.memory.forget()
    limiter.forget()
    yield
    auth.memory.forget()


@pytest.fixture
def people(db: None) -> People:
    return make_people()


@pytest.fixture
def valued_people(people: People) -> People:
    """The same, their books valued; not the victim's, so that a look that values hers is seen."""
    for person in (people.standard, people.premium, people.admin, people.demoted):
        value_books_of(person)
    return people
