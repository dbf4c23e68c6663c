"""Who am I, and the keys of my programs."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.utils import timezone
from ninja import Query, Router
from ninja.responses import Status

from accounts import api_keys, auth
from accounts.auth import Caller, KeyAuth
from accounts.cursors import Listing
from accounts.errors import NotFound, Problem
from accounts.http import ApiRequest
from accounts.idempotency import idempotent
from accounts.models import ApiKey, ApiKeyQuerySet
from accounts.networks import is_within
from accounts.schemas import (
    ApiKeyIn,
    ApiKeyList,
    ApiKeyOut,
    MeOut,
    NewApiKeyOut,
    PageIn,
    RotationIn,
)

router: Final = Router()


@router.get("/me", operation_id="get_me", response=MeOut, auth=KeyAuth("read"), tags=["Accounts"])
def me(request: ApiRequest) -> MeOut:
    """The user whose key this is, his limits, and what the key may do."""
    return MeOut.from_caller(request.auth)


@router.get("/api-keys", response=ApiKeyList, auth=KeyAuth("read"), tags=["API keys"])
def list_api_keys(request: ApiRequest, page: Query[PageIn]) -> ApiKeyList:
    """All keys of the user, newest first, revoked ones too. Secrets are not kept."""
    found = Listing(request.auth, "api-keys", {}).page(
        reachable_keys(request.auth),
        order=["-created_at", "-id"],
        limit=page.limit,
        cursor=page.cursor,
    )
    items = [ApiKeyOut.from_key(key) for key in found.items]
    return ApiKeyList(items=items, next_cursor=found.next_cursor)


@router.post("/api-keys", response={201: NewApiKeyOut}, auth=KeyAuth("trade"), tags=["API keys"])
@idempotent(required=False, confidential=True)
def create_api_key(request: ApiRequest, payload: ApiKeyIn) -> Status[NewApiKeyOut]:
    """Make a key. It reaches no further than the key that asks for it; `key` is shown once."""
    caller = request.auth
    if problems := find_overreach(request, payload):
        raise api_keys.KeyRefused(problems)
    key, text = api_keys.issue_key(
        owner=caller.user,
        name=payload.name,
        scopes=payload.scopes,
        portfolio_ids=payload.portfolio_ids or sorted(caller.portfolio_ids),
        networks=payload.allowed_networks or caller.networks,
        expires_at=payload.expires_at,
        created_at=timezone.now(),
    )
    return Status(201, NewApiKeyOut(**ApiKeyOut.facts(key), key=text))


def find_overreach(request: ApiRequest, payload: ApiKeyIn) -> list[Problem]:
    """What the new key would be allowed and the asking one is not."""
    caller = request.auth
    problems = []
    if beyond := sorted(set(payload.scopes) & set(api_keys.Scope) - caller.scopes):
        message = f"This key does not carry {', '.join(beyond)}, so it cannot pass it on."
        problems.append(Problem("scopes", "beyond_this_key", message))
    # Portfolios live in a higher app, which the user's own rows lead to.
    owned = caller.user.portfolios.filter(id__in=payload.portfolio_ids)
    known = set(owned.values_list("id", flat=True)) if payload.portfolio_ids else set()
    for portfolio_id in payload.portfolio_ids:
        if portfolio_id not in known or not caller.may_use(portfolio_id):
            message = f"There is no portfolio {portfolio_id}."
            problems.append(Problem("portfolio_ids", "unknown_portfolio", message))
    wanted, malformed = api_keys.read_networks(payload.allowed_networks)
    if payload.allowed_networks and not malformed and not is_within(wanted, caller.networks):
        message = "This key is bound to addresses, and cannot make one for others."
        problems.append(Problem("allowed_networks", "beyond_this_key", message))
    return problems


@router.post(
    "/api-keys/{uuid:key_id}/rotation",
    response={201: NewApiKeyOut},
    auth=KeyAuth("trade"),
    tags=["API keys"],
)
@idempotent(required=False, confidential=True)
def rotate_api_key(request: ApiRequest, key_id: UUID, payload: RotationIn) -> Status[NewApiKeyOut]:
    """Make a key that may do the same; the former lives on for the overlap, so nothing stops."""
    former = reachable_keys(request.auth).filter(id=key_id).first()
    if former is None:
        raise NotFound("There is no such key.")
    wanted = ApiKeyIn(
        name=former.name,
        scopes=former.scopes,
        portfolio_ids=former.portfolio_ids,
        allowed_networks=former.networks,
    )
    if problems := find_overreach(request, wanted):
        raise api_keys.KeyRefused(problems)
    key, text = api_keys.rotate_key(
        key_id=key_id,
        owner=request.auth.user,
        overlap=timedelta(seconds=payload.overlap_seconds),
        rotated_at=timezone.now(),
    )
    auth.memory.forget()
    return Status(201, NewApiKeyOut(**ApiKeyOut.facts(key), key=text))


@router.delete(
    "/api-keys/{uuid:key_id}", response={204: None}, auth=KeyAuth("trade"), tags=["API keys"]
)
def revoke_api_key(request: ApiRequest, key_id: UUID) -> Status[None]:
    """Close a key for good; effective within a second. Repeating it changes nothing."""
    if not reachable_keys(request.auth).filter(id=key_id).exists():
        raise NotFound("There is no such key.")
    api_keys.revoke_key(key_id=key_id, owner=request.auth.user, revoked_at=timezone.now())
    auth.memory.forget()
    return Status(204, None)


def reachable_keys(caller: Caller) -> ApiKeyQuerySet:
    """The user's keys; to a bound key, those that reach no further than itself."""
    keys = ApiKey.objects.for_user(caller.user)
    if caller.networks:
        known = keys.values_list("id", "networks")
        keys = keys.filter(
            id__in=[key_id for key_id, own in known if is_within(own, caller.networks)]
        )
    if not caller.portfolio_ids:
        return keys
    return keys.filter(portfolio_ids__contained_by=list(caller.portfolio_ids)).exclude(
        portfolio_ids=[]
    )
