"""Users, for programs of administrators."""

from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

from django.utils import timezone
from ninja import Query, Router
from ninja.responses import Status
from pydantic import ConfigDict, Field

from accounts import auth, users
from accounts.auth import KeyAuth
from accounts.cursors import Listing
from accounts.errors import NotFound
from accounts.http import ApiRequest
from accounts.idempotency import idempotent
from accounts.models import User
from accounts.schemas import PageIn, SchemaIn, SchemaOut
from accounts.tiers import Tier

router: Final = Router(tags=["Users"])

Name = Annotated[str, Field(max_length=users.NAME_LENGTH)]


class UserSearch(PageIn):
    search: Annotated[str | None, Field(max_length=100, description="in e-mail or name")] = None
    tier: Annotated[Tier | None, Field(description="of this tier")] = None
    is_active: Annotated[bool | None, Field(description="whether they may sign in")] = None


class UserIn(SchemaIn):
    email: Annotated[str, Field(max_length=users.EMAIL_LENGTH)]
    password: Annotated[
        str | None,
        Field(
            max_length=1_000,
            description="without one he lets himself in by the mail for a forgotten password",
        ),
    ] = None
    display_name: Name = ""
    tier: Tier = Tier.STANDARD
    is_staff: Annotated[bool | None, Field(description="null follows the tier")] = None

    model_config = ConfigDict(
        # A space at an end may belong to the password.
        str_strip_whitespace=False,
        json_schema_extra={"example": {"email": "you@example.com", "tier": "premium"}},
    )


class UserPatch(SchemaIn):
    """Fields left out stay. Switching somebody off signs him out and revokes his keys."""

    display_name: Name | None = None
    tier: Tier | None = None
    is_active: bool | None = None
    is_staff: bool | None = None

    model_config = ConfigDict(json_schema_extra={"example": {"tier": "premium"}})


class UserOut(SchemaOut):
    id: UUID
    email: str
    display_name: str
    tier: str
    is_active: bool
    is_staff: bool
    is_demo: bool
    joined_at: datetime
    last_login: datetime | None

    @classmethod
    def from_user(cls, user: User) -> Self:
        return cls(**{name: getattr(user, name) for name in cls.model_fields})


class UserList(SchemaOut):
    items: list[UserOut]
    next_cursor: str | None


@router.get("/users", response=UserList, auth=KeyAuth("admin"))
def list_users(request: ApiRequest, wanted: Query[UserSearch]) -> UserList:
    """All users, newest first."""
    filters = wanted.model_dump(exclude={"limit", "cursor"})
    found = Listing(request.auth, "users", filters).page(
        User.objects.matching(**filters),
        order=["-joined_at", "-id"],
        limit=wanted.limit,
        cursor=wanted.cursor,
    )
    items = [UserOut.from_user(user) for user in found.items]
    return UserList(items=items, next_cursor=found.next_cursor)


@router.post("/users", response={201: UserOut}, auth=KeyAuth("admin"))
@idempotent(required=False)
def create_user(request: ApiRequest, payload: UserIn) -> Status[UserOut]:
    """Make somebody who may sign in."""
    facts: dict[str, Any] = payload.model_dump()
    user = users.create_user(**facts, by=request.auth.user, created_at=timezone.now())
    return Status(201, UserOut.from_user(user))


@router.get("/users/{uuid:user_id}", response=UserOut, auth=KeyAuth("admin"))
def get_user(request: ApiRequest, user_id: UUID) -> UserOut:
    """One user."""
    user = User.objects.filter(id=user_id).first()
    if user is None:
        raise NotFound("There is no such user.")
    return UserOut.from_user(user)


@router.patch("/users/{uuid:user_id}", response=UserOut, auth=KeyAuth("admin"))
def change_user(request: ApiRequest, user_id: UUID, payload: UserPatch) -> UserOut:
    """Change what a user may, or switch him off. Nobody takes away his own right."""
    user = users.change_user(
        user_id=user_id,
        changes=payload.model_dump(exclude_none=True),
        by=request.auth.user,
        changed_at=timezone.now(),
    )
    auth.memory.forget()
    return UserOut.from_user(user)


@router.post("/users/{uuid:user_id}/sign-out", response={204: None}, auth=KeyAuth("admin"))
def sign_user_out(request: ApiRequest, user_id: UUID) -> Status[None]:
    """End all sessions and sign-ins of a user and revoke his API keys, within a second."""
    users.sign_out_everywhere(user_id=user_id, by=request.auth.user, at=timezone.now())
    auth.memory.forget()
    return Status(204, None)
