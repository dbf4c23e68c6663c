"""Rows refused at the door, for programs of administrators."""

import pytest

from tests.api.clients import ApiClient
from tests.market.factories import make_instrument
from tests.market.factories import make_quarantined_row as make_row


@pytest.mark.django_db(transaction=True)
def test_the_api_lists_releases_and_rejects(admin_api: ApiClient) -> None:
    make_instrument("AAPL")
    row, other = make_row(), make_row(line=3)
    (newest, oldest) = admin_api.get("/quarantined-rows?status=waiting").json()["items"]
    assert (newest["id"], oldest["values"]["high"]) == (other.id, "5")
    path = f"/quarantined-rows/{row.id}"
    refused = admin_api.post(f"{path}/release", {})
    assert (refused.status_code, refused.json()["code"]) == (422, "release_refused")
    assert refused.json()["errors"][0]["field"] == "high"
    released = admin_api.post(f"{path}/release", {"high": "12"})
    assert released.json()["status"] == "released", released.content
    late = admin_api.post(f"{path}/rejection")
    assert (late.status_code, late.json()["code"]) == (409, "already_judged")
    assert admin_api.post(f"/quarantined-rows/{other.id}/rejection").json()["status"] == "rejected"
    assert admin_api.post("/quarantined-rows/999999/rejection").status_code == 404


def test_other_keys_may_not(api: ApiClient) -> None:
    assert api.get("/quarantined-rows").status_code == 403
