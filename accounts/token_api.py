"""How a program without a key gets in: sign up, sign in, refresh, sign out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal, Self

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from ninja.responses import Status
from pydantic import ConfigDict, Field

from accounts import auth, refresh_tokens, sign_in
from accounts.policies import anybody
from accounts.refresh_tokens import TokenPair
from accounts.schemas import SchemaIn, SchemaOut

router: Final = Router(tags=["Tokens"], auth=None)

Email = Annotated[str, Field(min_length=3, max_length=254)]
Password = Annotated[str, Field(min_length=1, max_length=1_000)]
Token = Annotated[str, Field(min_length=1, max_length=500)]


class SignInIn(SchemaIn):
    email: Email
    password: Password

    model_config = ConfigDict(
        # A space at an end may belong to the password.
        str_strip_whitespace=False,
        json_schema_extra={"example": {"email": "you@example.com", "password": "…"}},
    )


class TokenIn(SignInIn):
    otp: Annotated[str, Field(max_length=20, description="where a second factor is on")] = ""


class RefreshIn(SchemaIn):
    refresh_token: Token

    model_config = ConfigDict(json_schema_extra={"example": {"refresh_token": "hf_refresh_…"}})


class TokensOut(SchemaOut):
    """Keep the refresh token for the next exchange; the one sent has ended."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the kind, not a token
    expires_in: Annotated[int, Field(description="seconds that the access token lasts")]
    refresh_token: str
    refresh_expires_at: datetime

    @classmethod
    def from_pair(cls, pair: TokenPair) -> Self:
        return cls(
            access_token=pair.access_token,
            expires_in=settings.LIMITS.access_token_seconds,
            refresh_token=pair.refresh_token,
            refresh_expires_at=pair.refresh_expires_at,
        )


class SignUpOut(SchemaOut):
    email: str
    must_verify: Annotated[bool, Field(description="by the mail, before the first sign-in")]


@router.post("/auth/signup", response={201: SignUpOut})
@anybody("nobody has a key before there is a user")
def sign_up(request: HttpRequest, payload: SignInIn) -> Status[SignUpOut]:
    """Make a user of the standard tier, where sign-up is open."""
    email = payload.email.strip()
    sign_in.sign_up(request, email=email, password=payload.password)
    return Status(201, SignUpOut(email=email, must_verify=sign_in.must_verify()))


@router.post("/auth/token", response=TokensOut)
@anybody("password and second factor are what it checks")
def create_tokens(request: HttpRequest, payload: TokenIn) -> TokensOut:
    """Sign in: an access token for five minutes, and a refresh token to get the next one."""
    user = sign_in.check_password(request, email=payload.email.strip(), password=payload.password)
    sign_in.check_second_factor(user, otp=payload.otp.strip())
    pair = refresh_tokens.start_family(owner=user, started_at=timezone.now())
    return TokensOut.from_pair(pair)


@router.post("/auth/token/refresh", response=TokensOut, operation_id="refresh_tokens")
@anybody("the refresh token is what it checks")
def refresh_tokens_of(request: HttpRequest, payload: RefreshIn) -> TokensOut:
    """Exchange a refresh token, once. Using it again ends every token of that sign-in."""
    try:
        pair = refresh_tokens.refresh(text=payload.refresh_token, refreshed_at=timezone.now())
    except refresh_tokens.RefreshRefused:
        auth.memory.forget()
        raise
    return TokensOut.from_pair(pair)


@router.post("/auth/token/revoke", response={204: None})
@anybody("the refresh token is what it checks")
def revoke_tokens(request: HttpRequest, payload: RefreshIn) -> Status[None]:
    """Sign out: end every token of that sign-in. Unknown tokens are answered alike."""
    refresh_tokens.revoke(text=payload.refresh_token, revoked_at=timezone.now())
    auth.memory.forget()
    return Status(204, None)
