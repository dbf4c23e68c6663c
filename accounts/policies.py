"""Who may call what. Every page, endpoint, socket and task declares it; a check refuses the rest.

``public`` lets everybody in, ``signed_in`` sends a stranger to the sign-in page, ``staff_only``
answers a signed-in stranger 404, because that the page exists is none of his business. An
endpoint declares by its ``KeyAuth``, or by ``anybody`` why it has none. What the ids in an
address mean is declared by name, see ``accounts.slots``.

See also ``config.access``, which looks for what is not declared, and docs/authorisation.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any, Final, TypeVar, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase

from accounts.api_keys import Scope
from accounts.roles import Role

View = TypeVar("View", bound=Callable[..., HttpResponseBase])
Work = TypeVar("Work", bound=Callable[..., Any])

POLICY_ATTRIBUTE: Final = "access_policy"
IDS_ATTRIBUTE: Final = "access_ids"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
ROLE_ATTRIBUTE: Final = "access_role"
REASON_ATTRIBUTE: Final = "open_to_anybody_because"


class Policy(StrEnum):
    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    STAFF_ONLY = "staff_only"
    # Doors that are not ours, and rooms between the steps of a sign-in: for whom they are not, they
    # lead elsewhere or say so.
    AMID_SIGN_IN = "amid_sign_in"


@dataclass(frozen=True, slots=True)
class SocketPolicy:
    """Who may open a socket: the signed-in, and keys of the scope; ``None`` refuses everybody.

    With ``asks_inside`` anybody may open it, and whoever does not say by a message, within
    seconds, which key of the scope he speaks with is told nothing and shut out.
    """

    scope: Scope | None
    asks_inside: bool = False


@dataclass(frozen=True, slots=True)
class TaskPolicy:
    """For whom a task works: for the desk itself, or for the owner of what an argument names."""

    owner_of: str | None  # the name of a slot that is an argument of the task


def public(view: View) -> View:
    """Let everybody call the view."""
    return _marked(view, Policy.PUBLIC)


def signed_in(view: View) -> View:
    """Let signed-in people call the view; send others to the sign-in page."""
    return _marked(login_required(view), Policy.SIGNED_IN)


def staff_only(view: View) -> View:
    """Let staff call the view; for other signed-in people it does not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_staff:
            raise Http404
        return view(request, *args, **kwargs)

    return cast("View", _marked(login_required(guarded), Policy.STAFF_ONLY))


def takes_ids(**slots: str) -> Callable[[View], View]:
    """Say which fields of a page's query or form name something: ``takes_ids(portfolio="…_id")``.

    Ids in the address need no saying, they are found by their name.
    """

    def mark(view: View) -> View:
        setattr(view, IDS_ATTRIBUTE, slots)
        return view

    return mark


def for_role(role: Role) -> Callable[[View], View]:
    """Below ``signed_in``: the least role that the view needs in what is shared, by any method."""

    def mark(view: View) -> View:
        setattr(view, ROLE_ATTRIBUTE, role)
        return view

    return mark


def owners_only(view: View) -> View:
    """Below ``signed_in``: of what is shared, only its owner may call the view."""
    return for_role(Role.OWNER)(view)


def role_of(view: Callable[..., Any], method: str) -> Role:
    """The least role that a page needs in what its address names: to look, or to change it."""
    declared = getattr(view, ROLE_ATTRIBUTE, None)
    if isinstance(declared, Role):
        return declared
    return Role.VIEWER if method in SAFE_METHODS else Role.EDITOR


def role_wanted(request: HttpRequest) -> Role:
    """The least role that a request to a page needs."""
    match = request.resolver_match
    if match is None:
        return Role.OWNER
    return role_of(match.func, request.method or "")


def anybody(reason: str) -> Callable[[Work], Work]:
    """Declare that an endpoint with ``auth=None`` is meant to be open, and why."""

    def mark(endpoint: Work) -> Work:
        setattr(endpoint, REASON_ATTRIBUTE, reason)
        return endpoint

    return mark


def socket_for(scope: Scope, application: Any) -> Any:
    """Declare who may open a socket; the application asks ``accounts.auth`` for the caller."""
    setattr(application, POLICY_ATTRIBUTE, SocketPolicy(scope))
    return application


def socket_that_asks_inside(scope: Scope, application: Any) -> Any:
    """Declare a socket that is signed in to by its first message, by key only."""
    setattr(application, POLICY_ATTRIBUTE, SocketPolicy(scope, asks_inside=True))
    return application


def socket_for_nobody(application: Any) -> Any:
    """Declare that a socket address refuses whoever comes."""
    setattr(application, POLICY_ATTRIBUTE, SocketPolicy(None))
    return application


def works_for_the_desk(task: Work) -> Work:
    """Declare that a task works for nobody in particular; no user's word starts it."""
    setattr(task, POLICY_ATTRIBUTE, TaskPolicy(None))
    return task


def works_for_owner_of(slot: str) -> Callable[[Work], Work]:
    """Declare that a task works on what one argument names, for its owner, who was checked."""

    def mark(task: Work) -> Work:
        setattr(task, POLICY_ATTRIBUTE, TaskPolicy(slot))
        return task

    return mark


def admins_change(view: View) -> View:
    """Below ``staff_only``: staff may look, and only administrators send what changes something."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method not in SAFE_METHODS and not getattr(request.user, "is_admin", False):
            raise PermissionDenied("Only an administrator may change this.")
        return view(request, *args, **kwargs)

    return cast("View", guarded)


def policy_of(view: Callable[..., Any]) -> Policy | None:
    """The policy that the view declares, or ``None``."""
    found = getattr(view, POLICY_ATTRIBUTE, None)
    return found if isinstance(found, Policy) else None


def socket_policy_of(application: Callable[..., Any]) -> SocketPolicy | None:
    """The policy that a socket's application declares, or ``None``."""
    found = getattr(application, POLICY_ATTRIBUTE, None)
    return found if isinstance(found, SocketPolicy) else None


def task_policy_of(work: Callable[..., Any]) -> TaskPolicy | None:
    """The policy that a task's function declares, or ``None``."""
    found = getattr(work, POLICY_ATTRIBUTE, None)
    return found if isinstance(found, TaskPolicy) else None


def ids_of(view: Callable[..., Any]) -> Mapping[str, str]:
    """The fields of a page's query or form that name something, each with its slot."""
    return cast("Mapping[str, str]", getattr(view, IDS_ATTRIBUTE, {}))


def reason_of(endpoint: Callable[..., Any]) -> str:
    """Why an endpoint is open to anybody; empty where nobody said so."""
    return str(getattr(endpoint, REASON_ATTRIBUTE, ""))


def _marked(view: View, policy: Policy) -> View:
    setattr(view, POLICY_ATTRIBUTE, policy)
    return view
