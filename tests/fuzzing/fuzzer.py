"""Sends what the OpenAPI document allows and what it forbids, and holds answers to the document."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as with_seed
from hypothesis.errors import HypothesisException
from schemathesis import APIOperation, GenerationMode
from schemathesis import Case as AnyCase
from schemathesis.core import NOT_SET
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fuzzing.asking import TIMEOUT_SECONDS
from tests.fuzzing.books import SYMBOLS
from tests.fuzzing.world import World

Operation = APIOperation[Any, Any, Any, Any]
Case = AnyCase[Any]

CHECKS: Final = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# They use up what they name; everything else may share it.
DESTRUCTIVE: Final = frozenset(
    {
        *("archive_portfolio", "delete_watchlist", "revoke_api_key", "rotate_api_key"),
        *("delete_alert", "cancel_order", "change_instrument", "deactivate_instrument"),
        "replace_order",
        *("cancel_corporate_action", "release_quarantined_row", "reject_quarantined_row"),
        *("sign_user_out", "remove_symbols", "delete_webhook", "change_webhook"),
        *("commit_import", "reverse_import", "create_halt", "end_halt"),
        *("delete_connection", "change_connection", "disarm_connection"),
        *("remove_member", "revoke_share_link", "reset_portfolio", "remove_index"),
    }
)
# What they use up is of the portfolio that is there to stay.
OF_SHARED: Final = frozenset({"remove_member", "revoke_share_link"})
REAL: Final = 0.6  # the share of names that are of something real
# The rest speak for the other tiers, whose limits would answer 429 to more.
ADMIN: Final = 0.96
GUESSES: Final = frozenset({"authorization", "x-api-key"})
# Source: RFC 9110, 5.6.2.
TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
PROBES: Final = "get_readiness"  # 503 is one of its two answers


@dataclass
class Fuzzer:
    """One run against one desk; the seed repeats what it sends, not what the desk knows by then."""

    world: World
    seed: int
    counts: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    violations: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.session = requests.Session()
        self.url = self.world.desk.url
        self.schema = schemathesis.openapi.from_url(f"{self.url}/api/v1/openapi.json")
        self.schema.config.update(base_url=self.url)

    @property
    def total(self) -> int:
        return sum(sum(found.values()) for found in self.counts.values())

    def operations(self) -> Iterator[tuple[str, Operation]]:
        for result in self.schema.get_all_operations():
            assert isinstance(result, Ok), result  # else the document itself is wrong
            operation = result.ok()
            yield str(operation.definition.raw["operationId"]), operation

    def succeed(self, name: str, operation: Operation) -> None:
        """Send the one request that ought to succeed."""
        self.world.prepare(name)
        definition = operation.definition.raw
        content = definition.get("requestBody", {}).get("content", {})
        media_type = next(iter(content), None)
        found = content[media_type] if media_type else {}
        path = {
            it["name"]: self.real(name, it["name"])
            for it in definition["parameters"]
            if it.get("in") == "path"
        }
        body = self.world.good_body(name, found.get("example")) if found else NOT_SET
        case = operation.Case(
            path_parameters=path,
            query=self.world.good_query(name),
            body=body,
            media_type=media_type,
            headers={},
        )
        self.send(name, case, tier="admin", key=f"good-{self.seed}-{self.world.number()}")

    def fuzz(self, name: str, operation: Operation, *, requests_wanted: int) -> None:
        """Half of what the document allows, half of what it forbids, with real names among them."""
        for mode in GenerationMode:
            strategy = operation.as_strategy(generation_mode=mode)

            @with_seed(self.random.randrange(2**32))
            @settings(
                max_examples=max(1, requests_wanted // 2),
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
                deadline=None,
                database=None,
            )
            @given(case=strategy)
            def one(case: Case) -> None:
                self.make_real(name, case)
                self.make_sendable(case)
                tier = "admin" if self.random.random() < ADMIN else self.other_tier()
                self.send(name, case, tier=tier)

            try:
                one()
            except HypothesisException:
                continue  # there is nothing to send, such as nothing wrong without parameters

    def other_tier(self) -> str:
        return self.random.choice(["standard", "premium", ""])

    def real(self, name: str, parameter: str) -> str | None:
        if name == "close_position" and parameter == "portfolio_id":
            return self.world.holder()
        if name == "reverse_import" and parameter == "import_id":
            return self.world.new_booked_import()
        if name == "end_halt" and parameter == "symbol":
            return self.world.new_halted_instrument()
        if name in OF_SHARED and parameter == "portfolio_id":
            return self.world.known(parameter)
        if name in DESTRUCTIVE:
            return self.world.new(parameter)
        return self.world.known(parameter)

    def make_real(self, name: str, case: Case) -> None:
        """Put names of real things into a request, here and there."""
        for place in (case.path_parameters, case.query, case.body):
            if not isinstance(place, dict):
                continue
            for parameter in list(place):
                is_needed = name in DESTRUCTIVE and place[parameter] in SYMBOLS
                if not is_needed and self.random.random() >= REAL:
                    continue
                found = self.real(name, parameter)
                if found is not None:
                    place[parameter] = [found] if isinstance(place[parameter], list) else found

    def make_sendable(self, case: Case) -> None:
        """Leave out names of headers that no HTTP has, and most keys that open nothing."""
        for header in list(case.headers):
            is_guess = header.lower() in GUESSES and self.random.random() < REAL
            if is_guess or not TOKEN.fullmatch(header):
                del case.headers[header]

    def send(self, name: str, case: Case, *, tier: str, key: str | None = None) -> None:
        headers = {"X-API-Key": self.world.keys[tier]} if tier else {}
        if key is not None:
            headers["Idempotency-Key"] = key
        try:
            response = case.call(
                base_url=self.url, session=self.session, headers=headers, timeout=TIMEOUT_SECONDS
            )
        except requests.exceptions.InvalidHeader:  # nothing was sent
            return
        self.counts[name][response.status_code] += 1
        if response.status_code >= 500 and name != PROBES:
            self.complain(name, f"answered {response.status_code}", case, response.text)
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                self.complain(name, str(failure.title), case, failure.message)
        except Failure as failure:
            self.complain(name, str(failure.title), case, failure.message)

    def complain(self, name: str, kind: str, case: Case, words: str) -> None:
        """Keep the first of each kind of violation of each operation."""
        command = case.as_curl_command()[:1500]
        self.violations.setdefault((name, kind), f"{name} {kind}: {words[:1500]}\n    {command}")

    def unreached(self) -> list[str]:
        """Operations that no request succeeded at, or none failed at; 429 is no failure of one."""
        found = []
        for name, operation in self.operations():
            if 2 not in self._hundreds(name):
                found.append(
                    f"{name} never succeeded: see tests/fuzzing/world.py; {self.counts[name]}"
                )
            if self.has_yet_to_fail(name, operation):
                found.append(f"{name} never failed: {self.counts[name]}")
        return found

    def has_yet_to_fail(self, name: str, operation: Operation) -> bool:
        """Whether nothing was refused so far of an operation that can refuse something."""
        takes_something = operation.definition.raw["parameters"][:-1] or (
            "security" in operation.definition.raw
        )
        return bool(takes_something) and 4 not in self._hundreds(name)

    def _hundreds(self, name: str) -> set[int]:
        return {status // 100 for status in self.counts[name] if status != 429}

    def table(self) -> list[str]:
        """How often each operation answered what."""
        return [
            f"{name}: {sum(found.values()):,} "
            + ", ".join(f"{status}: {count:,}" for status, count in sorted(found.items()))
            for name, found in sorted(self.counts.items())
        ]
