"""Every endpoint × every kind of caller × each id its own, a stranger's and one that never was.

What should happen is computed from the declarations, so a new endpoint is tried by being there.
Each request runs in a transaction that is rolled back, so all of them meet the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.db.models import Value

from accounts.api_keys import Scope
from config.access.operations import Operation, operations
from config.access.slots import SLOTS
from config.api import api
from portfolio.models.portfolios import PortfolioQuerySet
from tests.api.clients import Answer
from tests.authorisation.api_callers import ApiCaller, callers
from tests.authorisation.conftest import People
from tests.authorisation.fingerprints import Watch
from tests.authorisation.outcomes import Outcome, Tally, code_of, plain, revealed
from tests.authorisation.person import Person
from tests.authorisation.requests import (
    FOR_DEEP,
    FOR_TRACKED,
    address_of,
    ask,
    idempotency_key,
)
from tests.authorisation.things import MAKERS, refresh_quotes, unknown

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(900)]

DOORS = {
    "unauthenticated": Outcome.UNAUTHENTICATED,
    "scope_missing": Outcome.FORBIDDEN,
    "key_bound": Outcome.FORBIDDEN,
}


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to fill the ids: all one's own, or one of them somebody else's."""

    name: str
    slot: str = ""  # of the id that is not one's own, or of the extra field sent
    is_field: bool = False
    owner: str = "own"  # of that id: own, stranger, nobody


def variants(operation: Operation) -> Iterator[Variant]:
    yield Variant("own")
    for name in dict.fromkeys((*operation.parameters, *operation.fields)):
        is_field = name not in operation.parameters
        if is_field and SLOTS[name].is_coined:
            continue
        if is_field:
            yield Variant(f"own {name} sent", name, is_field)
        if SLOTS[name].reach.is_private:
            yield Variant(f"stranger's {name}", name, is_field, owner="stranger")
        yield Variant(f"nobody's {name}", name, is_field, owner="nobody")


def values_of(
    operation: Operation, person: Person, victim: Person, variant: Variant
) -> dict[str, str]:
    values = {name: person.values[slot.kind] for name, slot in SLOTS.items()}
    values |= {kind: person.values[kind] for kind in FOR_DEEP.values()}
    is_tracked = address_of(operation) in FOR_TRACKED
    if is_tracked:
        values["portfolio_id"] = person.values["tracked portfolio"]
    if variant.owner == "stranger":
        is_tracked = is_tracked and variant.slot == "portfolio_id"
        kind = "tracked portfolio" if is_tracked else SLOTS[variant.slot].kind
        values[variant.slot] = victim.values[kind]
    elif variant.owner == "nobody":
        values[variant.slot] = unknown(SLOTS[variant.slot].kind)
    return values


def expected(operation: Operation, caller: ApiCaller, variant: Variant) -> Outcome:
    if operation.scope is None:
        is_there = variant.owner != "nobody" or variant.is_field
        return Outcome.ALLOWED if is_there else Outcome.NOT_FOUND
    if caller.is_elsewhere:
        return Outcome.FORBIDDEN
    if caller.scopes is None:
        return Outcome.UNAUTHENTICATED
    if operation.scope not in caller.scopes:
        return Outcome.FORBIDDEN
    if variant.owner != "own" and not variant.is_field:
        return Outcome.NOT_FOUND
    if caller.is_bound and any(SLOTS[name].is_bound for name in operation.parameters):
        return Outcome.NOT_FOUND
    return Outcome.ALLOWED


def found_outcome(answer: Answer) -> Outcome:
    code = code_of(answer.content)
    if code in DOORS:
        return DOORS[code]
    return Outcome.NOT_FOUND if answer.status_code == 404 else Outcome.ALLOWED


class Matrix:
    def __init__(self, people: People) -> None:
        self.people = people
        self.tally = Tally()
        self.watch = Watch(people.victim.user)

    def send(
        self, operation: Operation, caller: ApiCaller, variant: Variant
    ) -> tuple[Answer, bool]:
        """The answer, and whether the victim's rows are unchanged; then all is undone."""
        values = values_of(operation, caller.person, self.people.victim, variant)
        request = ask(operation, values, extra=variant.slot if variant.is_field else "")
        with transaction.atomic():
            answer = caller.client().generic(
                operation.method,
                request.path,
                request.body,
                content_type=request.content_type,
                headers=caller.headers() | {"Idempotency-Key": idempotency_key()},
            )
            # What only reads with ids of one's own cannot have meant the stranger.
            reads = operation.method == "GET" and variant.owner != "stranger"
            is_unchanged = reads or self.watch.is_unchanged()
            transaction.set_rollback(True)
        return answer, is_unchanged

    def try_operation(self, operation: Operation, caller: ApiCaller) -> None:
        texts: dict[tuple[str, str], tuple[int, str]] = {}
        for variant in variants(operation):
            if caller.scopes is None and variant.owner == "nobody":
                continue  # he is refused before anybody looks whose it is
            what = f"{operation} as {caller.name}, {variant.name}"
            answer, is_unchanged = self.send(operation, caller, variant)
            wanted, found = expected(operation, caller, variant), found_outcome(answer)
            asked = values_of(operation, caller.person, self.people.victim, variant).get(
                variant.slot, "-"
            )
            self.judge_field(what, operation, caller, variant, answer)
            if self.is_free(operation, caller, variant, found):
                found = wanted
            detail = f"{answer.status_code} {answer.content[:200]!r}"
            self.tally.compare(what, expected=wanted, found=found, detail=detail)
            self.tally.insist(what, answer.status_code < 500 or is_health(operation), detail)
            self.tally.insist(what, is_unchanged, "the stranger's rows changed")
            texts[variant.slot, variant.owner] = (answer.status_code, plain(answer.content, asked))
            if operation.scope is not Scope.ADMIN:
                known = revealed(answer.content.decode(), self.people.victim, asked=asked)
                self.tally.insist(what, not known, f"the answer holds {known}")
        for (slot, owner), text in texts.items():
            if owner == "stranger" and (slot, "nobody") in texts:
                what = f"{operation} as {caller.name}, {slot}"
                told = f"a stranger's tells itself: {text} is not {texts[slot, 'nobody']}"
                self.tally.insist(what, text == texts[slot, "nobody"], told)

    def is_free(
        self, operation: Operation, caller: ApiCaller, variant: Variant, found: Outcome
    ) -> bool:
        """Where the declarations leave more than one good answer.

        An id in a query or body may be refused as a field or find nothing; a bound key may be
        told that something is not for bound keys.
        """
        if not operation.parameters and not variant.slot and found is Outcome.NOT_FOUND:
            return True  # a list of what nobody has yet; there was no id to be refused
        is_foreign = variant.is_field and variant.owner != "own"
        if caller.is_bound:
            names = (*operation.fields, variant.slot)
            touches = any(SLOTS[name].is_bound for name in names if name)
            return ((touches or is_foreign) and found is Outcome.NOT_FOUND) or (
                not operation.parameters and found is Outcome.FORBIDDEN
            )
        return is_foreign and found is Outcome.NOT_FOUND

    def judge_field(
        self,
        what: str,
        operation: Operation,
        caller: ApiCaller,
        variant: Variant,
        answer: Answer,
    ) -> None:
        """Nothing is done with somebody else's id, and what is one's own works."""
        is_done = 200 <= answer.status_code < 300
        names = (variant.slot,) if variant.is_field else operation.parameters
        owned = any(SLOTS[name].reach.is_private for name in names)
        if variant.is_field and variant.owner != "own" and owned and operation.method != "GET":
            self.tally.insist(what, not is_done, "it was done with an id of somebody else")
        is_open = expected(operation, caller, variant) is Outcome.ALLOWED
        is_whole = caller.scopes is not None and caller.scopes >= {Scope.READ, Scope.TRADE}
        if variant.owner == "own" and owned and is_open and is_whole and not caller.is_bound:
            told = f"one's own does not work: {answer.status_code} {answer.content[:300]!r}"
            # A conflict is a matter of the thing's state, so it was found.
            self.tally.insist(what, is_done or answer.status_code == 409, told)


def is_health(operation: Operation) -> bool:
    """The one that answers 503 on purpose, while no worker runs."""
    return operation.path == "/health/ready"


def test_every_kind_of_id_has_somebody_who_makes_one() -> None:
    missing = {slot.kind for slot in SLOTS.values()} - set(MAKERS)
    assert not missing, f"tests.authorisation.things makes no {', '.join(sorted(missing))}"


def test_nobody_gets_what_is_not_declared_for_him(valued_people: People) -> None:
    people = valued_people
    matrix = Matrix(people)
    everybody = callers(people.standard, people.premium, people.admin, people.demoted)
    matrix.watch = Watch(people.victim.user)
    for operation in operations(api):
        refresh_quotes()
        for caller in everybody:
            matrix.try_operation(operation, caller)
    assert sum(matrix.tally.outcomes.values()) > 1_000
    matrix.tally.report("API")


def test_a_leak_would_be_seen(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PortfolioQuerySet, "for_user", lambda rows, user, role=None: rows.all())
    monkeypatch.setattr(
        PortfolioQuerySet, "with_role_of", lambda rows, user: rows.annotate(role=Value("owner"))
    )
    matrix = Matrix(people)
    premium = callers(people.standard, people.premium, people.admin, people.demoted)[2]
    wanted = {"GET /portfolios", "PATCH /portfolios/{uuidstr:portfolio_id}"}
    for operation in operations(api):
        if str(operation) in wanted:
            matrix.try_operation(operation, premium)
    complaints = "\n".join(matrix.tally.wrong)
    assert "the answer holds" in complaints
    assert "not found was declared, allowed was found" in complaints
    assert "the stranger's rows changed" in complaints
