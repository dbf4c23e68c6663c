"""Programs that sign in with a password instead of a key."""

from datetime import timedelta
from typing import Any

import jwt
import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import access_tokens, auth
from accounts.models import TokenFamily, User
from accounts.refresh_tokens import forget_expired, start_family
from accounts.tiers import Tier
from tests.api.clients import Answer, ApiClient, fields_in
from tests.factories import make_user

PASSWORD = "a-long-password"


@pytest.fixture
def alice(db: None) -> User:
    return make_user()


@pytest.fixture(autouse=True)
def unverified_addresses_are_fine(settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "none"


@pytest.fixture
def nobody() -> ApiClient:
    """A program with nothing in hand."""
    return ApiClient("")


def sign_in(nobody: ApiClient, email: str = "alice@example.com") -> dict[str, Any]:
    answer = nobody.post("/auth/token", {"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def refresh(nobody: ApiClient, text: str) -> Answer:
    return nobody.post("/auth/token/refresh", {"refresh_token": text})


def status_of(token: str) -> int:
    auth.memory.forget()  # what half a second does
    return ApiClient(token).get("/me").status_code


def test_a_password_opens_the_door_for_five_minutes(nobody: ApiClient, alice: User) -> None:
    tokens = sign_in(nobody, " Alice@Example.com ")
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 300
    me = ApiClient(tokens["access_token"]).get("/me").json()
    assert (me["email"], me["scopes"], me["portfolio_ids"]) == (alice.email, ["read", "trade"], [])


def test_the_admin_scope_follows_the_tier(nobody: ApiClient, db: None) -> None:
    make_user("admin@example.com", tier=Tier.ADMIN)
    api = ApiClient(sign_in(nobody, "admin@example.com")["access_token"])
    assert api.get("/me").json()["scopes"] == ["admin", "read", "trade"]


def test_a_wrong_password_and_a_stranger_get_the_same_answer(
    nobody: ApiClient, alice: User
) -> None:
    wrong = nobody.post("/auth/token", {"email": alice.email, "password": "wrong"})
    unknown = nobody.post("/auth/token", {"email": "x@example.com", "password": "wrong"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json()["code"] == "sign_in_refused"
    assert wrong.json() | {"instance": ""} == unknown.json() | {"instance": ""}


def test_guessing_is_stopped_even_with_the_right_password(nobody: ApiClient, alice: User) -> None:
    for _ in range(5):
        nobody.post("/auth/token", {"email": alice.email, "password": "wrong"})
    answer = nobody.post("/auth/token", {"email": alice.email, "password": PASSWORD})
    assert answer.status_code == 429
    assert answer.json()["code"] == "too_many_attempts"
    assert int(answer["Retry-After"]) > 0


def test_somebody_switched_off_gets_and_keeps_nothing(nobody: ApiClient, alice: User) -> None:
    tokens = sign_in(nobody)
    User.objects.update(is_active=False)
    answer = nobody.post("/auth/token", {"email": alice.email, "password": PASSWORD})
    assert answer.status_code == 401
    assert status_of(tokens["access_token"]) == 401
    assert refresh(nobody, tokens["refresh_token"]).status_code == 401


def test_an_unverified_address_is_refused_where_it_must_be_verified(
    nobody: ApiClient, alice: User, settings: Any
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    answer = nobody.post("/auth/token", {"email": alice.email, "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (403, "email_unverified")
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    sign_in(nobody)


def test_refreshing_rotates_and_the_old_access_token_lives_on(
    nobody: ApiClient, alice: User
) -> None:
    first = sign_in(nobody)
    second = refresh(nobody, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert status_of(first["access_token"]) == status_of(second["access_token"]) == 200
    assert refresh(nobody, second["refresh_token"]).status_code == 200


def test_the_parent_used_again_at_once_is_a_race_and_ends_nothing(
    nobody: ApiClient, alice: User
) -> None:
    first = sign_in(nobody)
    second = refresh(nobody, first["refresh_token"]).json()
    again = refresh(nobody, first["refresh_token"])
    assert (again.status_code, again.json()["code"]) == (409, "just_refreshed")
    assert refresh(nobody, second["refresh_token"]).status_code == 200


def test_a_grandparent_used_again_ends_the_family_at_once(nobody: ApiClient, alice: User) -> None:
    other = sign_in(nobody)
    first = sign_in(nobody)
    second = refresh(nobody, first["refresh_token"]).json()
    third = refresh(nobody, second["refresh_token"]).json()
    reused = refresh(nobody, first["refresh_token"])
    assert (reused.status_code, reused.json()["code"]) == (401, "refresh_refused")
    assert refresh(nobody, third["refresh_token"]).status_code == 401
    assert status_of(third["access_token"]) == 401
    assert status_of(other["access_token"]) == 200  # another sign-in is another family


def test_after_ten_seconds_the_parent_ends_the_family_too(nobody: ApiClient, alice: User) -> None:
    first = sign_in(nobody)
    second = refresh(nobody, first["refresh_token"]).json()
    family = TokenFamily.objects.get()
    for token in family.tokens.all():
        token.created_at -= timedelta(seconds=11)
        token.save()
    assert refresh(nobody, first["refresh_token"]).status_code == 401
    assert refresh(nobody, second["refresh_token"]).status_code == 401


def test_signing_out_ends_every_token_of_the_sign_in(nobody: ApiClient, alice: User) -> None:
    first = sign_in(nobody)
    second = refresh(nobody, first["refresh_token"]).json()
    for _ in range(2):
        answer = nobody.post("/auth/token/revoke", {"refresh_token": first["refresh_token"]})
        assert answer.status_code == 204
    assert status_of(second["access_token"]) == 401
    assert refresh(nobody, second["refresh_token"]).status_code == 401
    unknown = nobody.post("/auth/token/revoke", {"refresh_token": "hf_refresh_no"})
    assert unknown.status_code == 204


def test_a_new_password_ends_all_tokens(nobody: ApiClient, alice: User) -> None:
    tokens = sign_in(nobody)
    alice.set_password("another-long-password")
    alice.save()
    assert status_of(tokens["access_token"]) == 401
    assert refresh(nobody, tokens["refresh_token"]).status_code == 401


def test_refresh_tokens_expire_and_are_cleared_away(nobody: ApiClient, alice: User) -> None:
    long_ago = timezone.now() - timedelta(days=31)
    old = start_family(owner=alice, started_at=long_ago)
    kept = sign_in(nobody)
    assert refresh(nobody, old.refresh_token).status_code == 401
    assert forget_expired(now=timezone.now()) == 1
    assert refresh(nobody, kept["refresh_token"]).status_code == 200


def test_the_claims_are_all_there_and_no_secret_is_stored(nobody: ApiClient, alice: User) -> None:
    tokens = sign_in(nobody)
    header = jwt.get_unverified_header(tokens["access_token"])
    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    assert header["alg"] == "HS256"
    assert header["kid"]
    assert (claims["iss"], claims["aud"]) == ("holdfast", "holdfast-api")
    assert claims["sub"] == str(alice.id)
    assert claims["exp"] - claims["iat"] == 300
    stored = str(list(TokenFamily.objects.values())) + str(
        list(TokenFamily.objects.get().tokens.values())
    )
    assert tokens["refresh_token"].removeprefix("hf_refresh_") not in stored


def forged(token: str, *, key: bytes = b"", algorithm: str = "HS256", **changes: Any) -> str:
    """The token with other claims or headers, signed with our key unless told otherwise."""
    header = jwt.get_unverified_header(token)
    del header["alg"]
    claims = jwt.decode(token, options={"verify_signature": False})
    for name, value in changes.items():
        target = header if name in {"kid", "typ"} else claims
        target.pop(name)
        if value is not None:
            target[name] = value
    ours = access_tokens.signing_key(settings.SECRET_KEY).secret
    return jwt.encode(claims, key or ours, algorithm=algorithm, headers=header)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"iss": "elsewhere"}, id="issuer"),
        pytest.param({"aud": "another"}, id="audience"),
        pytest.param({"exp": 1}, id="expired"),
        pytest.param({"exp": None}, id="without end"),
        pytest.param({"jti": None}, id="without jti"),
        pytest.param({"sub": "x"}, id="no user"),
        pytest.param({"sid": "0198c0de-0000-7000-8000-000000000000"}, id="unknown family"),
        pytest.param({"kid": "0123456789abcdef"}, id="unknown key"),
        pytest.param({"typ": "JWT"}, id="another kind"),
        pytest.param({"key": b"k" * 32}, id="another's signature"),
        pytest.param({"algorithm": "HS512"}, id="another algorithm"),
    ],
)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_token_that_is_not_quite_ours_is_refused(
    nobody: ApiClient, alice: User, changes: dict[str, Any]
) -> None:
    token = sign_in(nobody)["access_token"]
    assert status_of(forged(token)) == 200
    assert status_of(forged(token, **changes)) == 401


def test_an_unsigned_token_is_refused(nobody: ApiClient, alice: User) -> None:
    claims = jwt.decode(sign_in(nobody)["access_token"], options={"verify_signature": False})
    kid = access_tokens.signing_key(settings.SECRET_KEY).kid
    unsigned = jwt.encode(claims, "", algorithm="none", headers={"kid": kid, "typ": "at+jwt"})
    assert status_of(unsigned) == 401
    assert status_of("a.b.c") == 401


def test_a_new_secret_key_reads_the_tokens_of_the_former(
    nobody: ApiClient, alice: User, settings: Any
) -> None:
    old = sign_in(nobody)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a-new-secret-key-of-more-than-fifty-characters-for-tests"
    assert status_of(old["access_token"]) == 200
    new = refresh(nobody, old["refresh_token"]).json()
    kids = {jwt.get_unverified_header(it["access_token"])["kid"] for it in (old, new)}
    assert len(kids) == 2
    settings.SECRET_KEY_FALLBACKS = []
    assert status_of(old["access_token"]) == 401


def test_sign_up_makes_a_standard_user_who_may_sign_in(nobody: ApiClient, db: None) -> None:
    body = {"email": "dora@example.com", "password": PASSWORD}
    answer = nobody.post("/auth/signup", body)
    assert answer.status_code == 201
    assert answer.json() == {"email": "dora@example.com", "must_verify": False}
    assert User.objects.get(email="dora@example.com").tier == "standard"
    sign_in(nobody, "dora@example.com")


def test_sign_up_names_what_is_wrong(nobody: ApiClient, alice: User) -> None:
    answer = nobody.post("/auth/signup", {"email": "no address", "password": "short"})
    assert answer.status_code == 422
    assert set(fields_in(answer)) == {"email", "password"}
    taken = nobody.post("/auth/signup", {"email": alice.email, "password": PASSWORD})
    assert fields_in(taken) == {"email": "email_taken"}


@pytest.mark.django_db(transaction=True)  # mail waits for the commit
def test_where_mails_verify_a_taken_address_is_answered_like_a_free_one(
    nobody: ApiClient, alice: User, settings: Any
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    for email in (alice.email, "dora@example.com"):
        answer = nobody.post("/auth/signup", {"email": email, "password": PASSWORD})
        assert answer.status_code == 201
        assert answer.json() == {"email": email, "must_verify": True}
    assert [message.to for message in mail.outbox] == [[alice.email], ["dora@example.com"]]
    refused = nobody.post("/auth/token", {"email": "dora@example.com", "password": PASSWORD})
    assert refused.json()["code"] == "email_unverified"


def test_where_sign_up_is_closed_nobody_is_made(
    nobody: ApiClient, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "allauth.account.adapter.DefaultAccountAdapter.is_open_for_signup", lambda *_: False
    )
    answer = nobody.post("/auth/signup", {"email": "dora@example.com", "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (403, "sign_up_closed")
    assert not User.objects.exists()


def test_an_access_token_does_not_open_a_page(nobody: ApiClient, alice: User) -> None:
    bearer = {"Authorization": f"Bearer {sign_in(nobody)['access_token']}"}
    assert Client().get("/settings", headers=bearer).status_code == 302
