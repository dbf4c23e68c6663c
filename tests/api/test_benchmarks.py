"""Compared with an instrument, an index of one's own, or another portfolio."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import AuditEvent, User
from market.models import Instrument
from portfolio.indices.own_indices import add_index
from portfolio.models import IndexClose
from tests.api.books import Book
from tests.api.clients import Answer, ApiClient, fields_in

CLOSES = b"date,close\n2024-01-02,4000\n2024-01-03,4100\n2024-01-05,4400\n"


def send(api: ApiClient, content: bytes = CLOSES, path: str = "/indices", **more: Any) -> Answer:
    file = SimpleUploadedFile("world.csv", content)
    return api.upload(path, {"file": file} | more)


def test_an_index_is_kept_from_its_file(api: ApiClient, alice: User) -> None:
    made = send(api, name="World").json()
    assert (made["name"], made["closes"], made["refused"]) == ("World", 3, [])
    assert (made["first_date"], made["newest_date"]) == ("2024-01-02", "2024-01-05")
    (listed,) = api.get("/indices").json()["items"]
    assert listed == {key: value for key, value in made.items() if key != "refused"}
    assert AuditEvent.objects.filter(owner=alice, action="index.added").count() == 1


def test_bad_rows_are_named_and_the_others_count(api: ApiClient) -> None:
    made = send(
        api,
        b"Date;Close\n02.01.2024;4.000,50\n31.02.2024;1\n03.01.2024;none\n04.01.2024;-1\n"
        b"05.01.2999;5\n02.01.2024;4.000,51\n",
    ).json()
    assert (made["name"], made["closes"]) == ("world", 1)
    assert [(one["line"], one["code"]) for one in made["refused"]] == [
        (3, "bad_date"),
        (4, "bad_close"),
        (5, "out_of_range"),
        (6, "in_the_future"),
        (7, "disagrees"),
    ]
    assert str(IndexClose.objects.get().close.normalize()) == "4000.5"


def test_a_later_file_adds_days_and_corrects(api: ApiClient) -> None:
    made = send(api).json()
    path = f"/indices/{made['id']}/closes"
    later = send(api, b"date,close\n2024-01-05,4410\n2024-01-08,4500\n", path).json()
    assert (later["closes"], later["newest_date"]) == (4, "2024-01-08")
    closes = IndexClose.objects.order_by("on_date").values_list("close", flat=True)
    assert [int(close) for close in closes] == [4000, 4100, 4410, 4500]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "unreadable_import"),
        (b"when,what\n2024-01-02,1\n", "unreadable_index"),
        (b"date,close\n", "index_refused"),
        (b"date,close\nnever,1\n", "index_refused"),
        (b"PK\x03\x04nothing", "unreadable_import"),
    ],
)
def test_a_file_of_nothing_is_refused(api: ApiClient, content: bytes, code: str) -> None:
    refused = send(api, content)
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert api.get("/indices").json()["items"] == []


def test_a_name_is_taken_once(api: ApiClient, stranger_api: ApiClient) -> None:
    assert send(api, name="World").status_code == 201
    assert send(api, name="world").status_code == 409
    assert send(stranger_api, name="World").status_code == 201
    assert send(api, name="x" * 81).status_code == 422


def test_there_are_only_so_many(api: ApiClient, alice: User) -> None:
    for number in range(settings.LIMITS.indices_per_user):
        add_index(
            owner=alice,
            name=f"Index {number}",
            content=CLOSES,
            file_name="index.csv",
            added_at=datetime.now(UTC),
        )
    assert send(api, name="One more").status_code == 422


def test_an_index_can_be_forgotten(api: ApiClient, stranger_api: ApiClient) -> None:
    made = send(api).json()["id"]
    assert stranger_api.delete(f"/indices/{made}").status_code == 404
    assert send(stranger_api, path=f"/indices/{made}/closes").status_code == 404
    assert api.delete(f"/indices/{made}").status_code == 204
    assert api.delete(f"/indices/{made}").status_code == 404
    assert not IndexClose.objects.exists()


def test_an_index_is_measured_over_the_same_days(
    api: ApiClient, stranger_api: ApiClient, apple: Instrument
) -> None:
    index = send(api, name="World").json()["id"]
    book = Book(api)
    book("deposit", amount="100", day=0)
    found = book.performance(start="2024-01-03", end="2024-01-07", benchmark_index_id=index)
    assert found["benchmark"] == {
        "kind": "index",
        "name": "World",
        "symbol": None,
        "index_id": index,
        "portfolio_id": None,
        "twr": "0.1",
    }
    early = book.performance(start="2023-12-01", end="2024-01-07", benchmark_index_id=index)
    assert (early["benchmark"]["twr"], early["reasons"]["benchmark"]) == (None, "no_price")
    late = book.performance(start="2024-03-01", end="2024-03-07", benchmark_index_id=index)
    assert late["reasons"]["benchmark"] == "no_price"
    theirs = Book(stranger_api)
    refused = stranger_api.get(f"{theirs.path}/performance", benchmark_index_id=index)
    assert refused.status_code == 404


def test_another_portfolio_is_measured_without_its_flows(
    api: ApiClient, stranger_api: ApiClient, apple: Instrument
) -> None:
    mine, other = Book(api), Book(api)
    mine("deposit", amount="100", day=0)
    other("deposit", amount="100", day=0)
    other("interest", amount="5", day=2)
    other("deposit", amount="900", day=3)
    found = mine.performance(end="2024-01-07", benchmark_portfolio_id=other.id)
    assert (found["benchmark"]["kind"], found["benchmark"]["twr"]) == ("portfolio", "0.05")
    theirs = Book(stranger_api)
    path = f"{mine.path}/performance"
    assert api.get(path, benchmark_portfolio_id=theirs.id).status_code == 404
    several = api.get(path, benchmark_portfolio_id=other.id, benchmark="AAPL")
    assert (several.status_code, [*fields_in(several)]) == (422, ["benchmark"])


def test_a_portfolio_without_a_return_is_a_reason(api: ApiClient, apple: Instrument) -> None:
    mine, other = Book(api), Book(api)
    mine("deposit", amount="100", day=0)
    other("deposit", amount="100", day=0)
    other("buy", 1, 50, day=1)
    found = mine.performance(end="2024-01-07", benchmark_portfolio_id=other.id)
    assert (found["benchmark"]["twr"], found["reasons"]["benchmark"]) == (None, "no_price")
