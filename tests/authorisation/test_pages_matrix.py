"""Every page, ours, allauth's and the admin's × every kind of caller × each id swapped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.urls import reverse

from accounts.models import User
from accounts.policies import Policy
from accounts.slots import Reach
from config.access.routes import Route, page_routes
from config.access.slots import SLOTS
from tests.api.clients import Answer
from tests.authorisation.conftest import People
from tests.authorisation.fingerprints import Watch
from tests.authorisation.outcomes import Outcome, Tally, plain, revealed
from tests.authorisation.page_callers import PageCaller, page_callers
from tests.authorisation.person import Person
from tests.authorisation.things import refresh_quotes, unknown

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(900)]

PARAMETER: Final = re.compile(r"<(?:\w+:)?(\w+)>")
SIGN_IN: Final = re.compile(r"^/(?:accounts|admin)/login/")
# What the addresses of Django and allauth take; they name nothing of ours.
THEIRS: Final = {
    "url": "nothing-here",
    "app_label": "accounts",
    "key": "key",
    "uidb36": "1",
    "pk": "1",
}


@dataclass(frozen=True, slots=True)
class Variant:
    slot: str = ""  # the parameter or field that is not one's own
    owner: str = "own"
    is_field: bool = False

    def __str__(self) -> str:
        return f"{self.owner} {self.slot}".strip()


def variants(route: Route) -> Iterator[Variant]:
    yield Variant()
    if not route.is_ours:
        return
    for name in route.parameters:
        if SLOTS[name].reach.is_private:
            yield Variant(name, "stranger")
        yield Variant(name, "nobody")
    for field, name in route.ids.items():
        yield Variant(field, "own", is_field=True)
        if SLOTS[name].reach.is_private:
            yield Variant(field, "stranger", is_field=True)
        yield Variant(field, "nobody", is_field=True)


def value_of(kind: str, owner: str, person: Person, victim: Person) -> str:
    if owner == "nobody":
        return unknown(kind)
    return (victim if owner == "stranger" else person).values[kind]


# A lot is of the portfolio that the address names, and only tracked ones here have any.
BESIDE: Final = {"lot_id": {"portfolio_id": "tracked portfolio"}}


def address(route: Route, caller: PageCaller, victim: Person, variant: Variant) -> str:
    """The path with its parameters filled in."""
    values: dict[str, str] = {}
    for name in route.parameters:
        if name in SLOTS and route.is_ours:
            owner = variant.owner if name == variant.slot else "own"
            kind = BESIDE.get(variant.slot, {}).get(name, SLOTS[name].kind)
            values[name] = value_of(kind, owner, caller.person, victim)
        else:
            values[name] = THEIRS.get(name) or object_of(route, name)
    if route.name:
        return reverse(route.name, kwargs=values)
    filled = PARAMETER.sub(lambda found: values[found[1]], route.route)
    return "/" + filled.replace("(?P<url>.*)$", "nothing-here").strip("^$")


def object_of(route: Route, name: str) -> str:
    """The first object of the admin's model, or the content type of users."""
    if name == "content_type_id":
        return str(ContentType.objects.get(app_label="accounts", model="user").pk)
    for model in admin.site._registry:
        if f"/{model._meta.app_label}/{model._meta.model_name}/" in route.route:
            first = model._default_manager.order_by("pk").first()
            return str(first.pk) if first else "1"
    return str(User.objects.order_by("pk").values_list("pk", flat=True)[0])


LINKS = {"share_token", "download_token"}


def expected(route: Route, caller: PageCaller, variant: Variant) -> Outcome:
    if route.policy in {Policy.PUBLIC, Policy.AMID_SIGN_IN}:
        is_there = variant.owner != "nobody" or variant.is_field
        if LINKS & set(route.parameters) and variant.owner == "own":
            # With whoever gave it away his links go too.
            is_there = caller.person.user.is_active
        return Outcome.ALLOWED if is_there else Outcome.NOT_FOUND
    if not caller.is_in:
        return Outcome.SIGN_IN
    if route.policy is Policy.STAFF_ONLY and not caller.is_staff:
        return Outcome.NOT_FOUND if route.is_ours else Outcome.SIGN_IN
    if variant.owner != "own" and not variant.is_field:
        return Outcome.NOT_FOUND
    return Outcome.ALLOWED


def found_outcome(route: Route, answer: Answer) -> Outcome:
    if SIGN_IN.match(answer.headers.get("Location", "")) and route.policy not in {
        Policy.PUBLIC,
        Policy.AMID_SIGN_IN,
    }:
        return Outcome.SIGN_IN
    if answer.status_code == 404 and route.is_ours and not is_unknown_path(route):
        return Outcome.NOT_FOUND
    if answer.status_code in {401, 403}:
        return Outcome.FORBIDDEN
    return Outcome.ALLOWED


def is_unknown_path(route: Route) -> bool:
    """The page that is there to say that nothing is there."""
    return route.view_name.endswith("unknown_path")


class Matrix:
    def __init__(self, people: People) -> None:
        self.victim = people.victim
        self.tally = Tally()
        self.watch = Watch(people.victim.user)

    def send(
        self, route: Route, caller: PageCaller, method: str, variant: Variant
    ) -> tuple[Answer, bool]:
        """The answer, and whether the victim's rows are unchanged; then all is undone."""
        path = address(route, caller, self.victim, variant)
        sent = {
            field: value_of(
                SLOTS[name].kind,
                variant.owner if variant.slot == field else "own",
                caller.person,
                self.victim,
            )
            for field, name in route.ids.items()
            if field == variant.slot or SLOTS[name].reach is Reach.ANYBODY
        }
        with transaction.atomic():
            client = caller.client()
            send = client.get if method == "GET" else client.post
            answer = send(path, sent, headers=caller.headers())
            is_unchanged = method == "GET" or self.watch.is_unchanged()
            transaction.set_rollback(True)
        return answer, is_unchanged

    def try_route(self, route: Route, caller: PageCaller) -> None:
        texts: dict[tuple[str, str, str], tuple[int, str]] = {}
        for method in ("GET", "POST"):
            for variant in variants(route):
                answer, is_unchanged = self.send(route, caller, method, variant)
                asked = self.asked(route, caller, variant)
                self.judge(route, caller, method, variant, answer)
                what = f"{method} /{route.route} as {caller.name}, {variant}"
                self.tally.insist(what, is_unchanged, "the stranger's rows changed")
                texts[method, variant.slot, variant.owner] = (
                    answer.status_code,
                    plain(answer.content, asked),
                )
                # What an administrator may see of others is the admin's business.
                if not (caller.is_staff and route.policy is Policy.STAFF_ONLY):
                    text = answer.content.decode(errors="replace")
                    known = revealed(text, self.victim, asked=asked)
                    self.tally.insist(what, not known, f"the answer holds {known}")
        for (method, slot, owner), (status, text) in texts.items():
            if owner == "stranger" and status in {302, 403, 404, 422}:
                what = f"{method} /{route.route} as {caller.name}, {slot}"
                same = (status, text) == texts[method, slot, "nobody"]
                self.tally.insist(what, same, "a stranger's tells itself")

    def asked(self, route: Route, caller: PageCaller, variant: Variant) -> str:
        name = route.ids.get(variant.slot, variant.slot)
        if name not in SLOTS:
            return "-"
        return value_of(SLOTS[name].kind, variant.owner, caller.person, self.victim)

    def judge(
        self, route: Route, caller: PageCaller, method: str, variant: Variant, answer: Answer
    ) -> None:
        wanted, found = expected(route, caller, variant), found_outcome(route, answer)
        what = f"{method} /{route.route} as {caller.name}, {variant}"
        # A method that the page does not know is refused before anybody looks whose it is.
        is_let_in = caller.is_in or route.policy is Policy.PUBLIC
        if answer.status_code == 405 and wanted is Outcome.NOT_FOUND and is_let_in:
            found = wanted
        # Asked who he is, or told that the form is wrong, before anybody looks whose it is; that
        # both are answered alike is compared besides.
        is_asked = answer.headers.get("Location", "").startswith("/accounts/reauthenticate/")
        if (is_asked or answer.status_code == 422) and wanted is Outcome.NOT_FOUND:
            found = wanted
        # A field may name what is not there, and then the whole page is not.
        if variant.is_field and variant.owner != "own" and found is Outcome.NOT_FOUND:
            found = wanted
        # The admin's door refuses who is no staff, and its forms of what is only read everybody.
        is_door = route.policy is Policy.AMID_SIGN_IN
        if not route.is_ours and (caller.is_staff or is_door) and found is Outcome.FORBIDDEN:
            found = wanted
        detail = f"{answer.status_code} {answer.headers.get('Location', '')}"
        self.tally.compare(what, expected=wanted, found=found, detail=detail)
        self.tally.insist(what, answer.status_code < 500, detail)


@pytest.mark.parametrize("whose", ["ours", "theirs"])
def test_nobody_gets_a_page_that_is_not_declared_for_him(valued_people: People, whose: str) -> None:
    people = valued_people
    everybody = page_callers(people.standard, people.premium, people.admin, people.demoted)
    matrix = Matrix(people)
    for route in page_routes():
        if route.is_ours is (whose == "ours"):
            refresh_quotes()
            for caller in everybody:
                matrix.try_route(route, caller)
    assert sum(matrix.tally.outcomes.values()) > 500
    matrix.tally.report(f"Pages, {whose}")
