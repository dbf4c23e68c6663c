"""A key is followed by another without a gap."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import auth
from accounts.api_keys import revoke_key
from accounts.models import ApiKey, User
from portfolio.models import Portfolio
from tests.api.clients import Answer, ApiClient, fields_in, key_for


def rotate(api: ApiClient, key: ApiKey, *, overlap_seconds: int = 3600) -> Answer:
    return api.post(f"/api-keys/{key.id}/rotation", {"overlap_seconds": overlap_seconds})


def newest_key() -> ApiKey:
    return ApiKey.objects.order_by("-created_at", "-id")[0]


def test_both_keys_work_during_the_overlap(alice: User, paper: Portfolio) -> None:
    text = key_for(alice, scopes=["read", "trade"], portfolio_ids=[paper.id])
    former = newest_key()
    answer = rotate(ApiClient(text), former)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["name"], made["scopes"]) == (former.name, former.scopes)
    assert made["portfolio_ids"] == [str(paper.id)]
    assert made["expires_at"] is None
    for key in (text, made["key"]):
        assert ApiClient(key).get("/me").status_code == 200
    former.refresh_from_db()
    assert former.expires_at is not None
    assert timedelta(0) < former.expires_at - timezone.now() <= timedelta(hours=1)


def test_without_an_overlap_the_former_ends_at_once(alice: User) -> None:
    text = key_for(alice)
    assert rotate(ApiClient(text), newest_key(), overlap_seconds=0).status_code == 201
    assert ApiClient(text).get("/me").status_code == 401


def test_an_expiring_key_is_followed_by_one_that_lasts_as_long(api: ApiClient, alice: User) -> None:
    now = timezone.now()
    key_for(alice, created_at=now - timedelta(days=9), expires_at=now + timedelta(minutes=1))
    former = ApiKey.objects.get(expires_at__isnull=False)
    made = rotate(api, former).json()
    follower = ApiKey.objects.get(id=made["id"])
    assert follower.expires_at is not None
    assert follower.expires_at - follower.created_at == timedelta(days=9, minutes=1)
    former.refresh_from_db()
    assert former.expires_at == now + timedelta(minutes=1)  # never longer than before


def test_a_key_cannot_rotate_into_more_than_it_carries(alice: User, api: ApiClient) -> None:
    wide = newest_key()
    narrow = ApiClient(key_for(alice, scopes=["trade"]))
    answer = rotate(narrow, wide)
    assert answer.status_code == 422
    assert fields_in(answer) == {"scopes": "beyond_this_key"}


def test_ended_and_strange_keys_are_not_followed(
    api: ApiClient, stranger_api: ApiClient, alice: User
) -> None:
    key_for(alice)
    other = newest_key()
    assert rotate(stranger_api, other).status_code == 404
    revoke_key(key_id=other.id, owner=alice, revoked_at=timezone.now())
    auth.memory.forget()
    answer = rotate(api, other)
    assert (answer.status_code, answer.json()["code"]) == (409, "key_ended")


@pytest.mark.parametrize("overlap_seconds", [-1, 7 * 24 * 3600 + 1])
def test_an_overlap_out_of_range_is_refused(api: ApiClient, overlap_seconds: int, db: None) -> None:
    answer = rotate(api, newest_key(), overlap_seconds=overlap_seconds)
    assert fields_in(answer).keys() == {"overlap_seconds"}
