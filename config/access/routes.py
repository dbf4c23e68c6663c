"""Every address that Django routes, with the parameters in it and the policy of its view."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern, RoutePattern

from accounts.policies import Policy, ids_of, policy_of
from config.access.third_parties import third_party_policy

# Views of these packages are ours; those of Django and allauth stand in a table.
OUR_PACKAGES: Final = ("accounts", "market", "portfolio", "trading", "integrations", "config")
NINJA_VIEW: Final = "ninja.operation."


@dataclass(frozen=True, slots=True)
class Route:
    """One routed address. ``name`` is what ``reverse`` takes, empty where it has none."""

    route: str
    name: str
    view: Callable[..., Any]
    view_name: str  # dotted, for people
    parameters: tuple[str, ...]
    is_ours: bool

    @property
    def policy(self) -> Policy | None:
        """Who may call it; ``None`` where neither the view nor the table says so."""
        declared = policy_of(self.view)
        return declared if declared or self.is_ours else third_party_policy(self.name, self.route)

    @property
    def ids(self) -> Mapping[str, str]:
        return ids_of(self.view)


def page_routes() -> list[Route]:
    """All routes but the API's operations, which declare for themselves."""
    routes = walk(get_resolver().url_patterns)
    return [route for route in routes if not route.view_name.startswith(NINJA_VIEW)]


def walk(
    patterns: Iterable[URLPattern | URLResolver],
    *,
    prefix: str = "",
    namespace: str = "",
    parameters: tuple[str, ...] = (),
) -> Iterator[Route]:
    """Every pattern below the given ones, in the order in which Django tries them."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        names = parameters + parameters_of(pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from walk(pattern.url_patterns, prefix=route, namespace=inner, parameters=names)
        else:
            name = f"{namespace}{pattern.name}" if pattern.name else ""
            is_ours = pattern.lookup_str.partition(".")[0] in OUR_PACKAGES
            yield Route(route, name, pattern.callback, pattern.lookup_str, names, is_ours)


def parameters_of(pattern: URLPattern | URLResolver) -> tuple[str, ...]:
    found = pattern.pattern
    if isinstance(found, RoutePattern):
        return tuple(found.converters)
    return tuple(found.regex.groupindex) if isinstance(found, RegexPattern) else ()
