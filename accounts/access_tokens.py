"""Access tokens: JWTs that open the API for five minutes.

Signed with a key derived from ``SECRET_KEY``; ``kid`` names it. A new ``SECRET_KEY`` with the
former one in ``SECRET_KEY_FALLBACKS`` rotates the key: tokens of the former are still read until
they expire, new ones carry the new ``kid``. The algorithm is ours, never the token's.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import jwt
from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.identifiers import new_id
from accounts.models import TokenFamily

ALGORITHM: Final = "HS256"
ISSUER: Final = "holdfast"
AUDIENCE: Final = "holdfast-api"
TYPE: Final = "at+jwt"  # RFC 9068: no other kind of JWT is taken for an access token
CLAIMS: Final = ("iss", "aud", "sub", "sid", "jti", "iat", "exp")
SALT: Final = "accounts.access_tokens"
LENGTH_MAXIMUM: Final = 1_000
PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class SigningKey:
    kid: str
    secret: bytes


@lru_cache(maxsize=16)
def signing_key(secret: str) -> SigningKey:
    derived = salted_hmac(SALT, "key", secret=secret, algorithm="sha256").digest()
    return SigningKey(kid=hashlib.sha256(derived).hexdigest()[:16], secret=derived)


def issue_access_token(family: TokenFamily, *, issued_at: datetime) -> str:
    """Sign a token for the family's owner, good for ``LIMITS.access_token_seconds``."""
    key = signing_key(settings.SECRET_KEY)
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(family.owner_id),
        "sid": str(family.id),
        "jti": str(new_id()),
        "iat": issued_at,
        "exp": issued_at + timedelta(seconds=settings.LIMITS.access_token_seconds),
    }
    return jwt.encode(
        claims, key.secret, algorithm=ALGORITHM, headers={"kid": key.kid, "typ": TYPE}
    )


def is_access_token(text: str) -> bool:
    """Whether a text has the shape of one; an API key never has."""
    return text.count(".") == PARTS - 1


def authenticate_access_token(text: str, *, at: datetime) -> TokenFamily | None:
    """The sign-in that a token came from, with its owner; ``None`` unless it opens the door now.

    One query; none where the token is not ours or has expired. A family that was revoked, a
    changed password and a user who was switched off end it before its time.
    """
    claims = read_claims(text, at=at)
    if claims is None:
        return None
    family = (
        TokenFamily.objects.select_related("owner")
        .filter(id=claims["sid"], owner_id=claims["sub"], revoked_at=None)
        .first()
    )
    if family is None or not family.owner.is_active or not is_password_unchanged(family):
        return None
    return family


def read_claims(text: str, *, at: datetime) -> dict[str, Any] | None:
    """The claims of a token of ours that is valid at that moment, else ``None``."""
    if len(text) > LENGTH_MAXIMUM:
        return None
    try:
        header = jwt.get_unverified_header(text)
        key = find_key(header.get("kid"))
        if key is None or header.get("typ") != TYPE:
            return None
        claims: dict[str, Any] = jwt.decode(
            text,
            key.secret,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            # Times are compared below, with the moment that the caller names.
            options={"require": list(CLAIMS), "verify_exp": False, "verify_iat": False},
        )
        UUID(claims["sub"])
        UUID(claims["sid"])
        is_live = int(claims["exp"]) > at.timestamp()
    except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError):
        return None
    return claims if is_live else None


def find_key(kid: object) -> SigningKey | None:
    """The key of that name, current or former."""
    keys = map(signing_key, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
    return next((key for key in keys if key.kid == kid), None)


def is_password_unchanged(family: TokenFamily) -> bool:
    """Whether the password is the one of the sign-in."""
    owner = family.owner
    hashes = (owner.get_session_auth_hash(), *owner.get_session_auth_fallback_hash())
    return any(constant_time_compare(family.session_hash, found) for found in hashes)
