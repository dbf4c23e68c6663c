from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.auth import Caller
from accounts.cursors import BadCursor, Listing
from accounts.models import ApiKey, User

ALICE = Caller(user=User(id=UUID(int=1)), scopes=frozenset())
CHARLIE = Caller(user=User(id=UUID(int=2)), scopes=frozenset())


def test_a_cursor_comes_back_as_it_was() -> None:
    listing = Listing(ALICE, "orders", {"status": "new", "symbol": None})
    assert listing.unseal(listing.seal(["2025-01-01T00:00:00Z", 7])) == [
        "2025-01-01T00:00:00Z",
        "7",
    ]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Listing(CHARLIE, "orders", {"status": "new"}), id="another caller"),
        pytest.param(Listing(ALICE, "fills", {"status": "new"}), id="another list"),
        pytest.param(Listing(ALICE, "orders", {"status": "filled"}), id="another filter"),
        pytest.param(Listing(ALICE, "orders", {}), id="no filter"),
    ],
)
def test_a_cursor_opens_nothing_else(other: Listing) -> None:
    cursor = Listing(ALICE, "orders", {"status": "new"}).seal(["x"])
    with pytest.raises(BadCursor):
        other.unseal(cursor)


@given(st.text(max_size=60))
def test_an_invented_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadCursor):
        Listing(ALICE, "orders", {}).unseal(text)


@given(place=st.integers(0, 200), letter=st.characters(codec="ascii"))
def test_a_changed_cursor_is_refused(place: int, letter: str) -> None:
    listing = Listing(ALICE, "orders", {})
    cursor = listing.seal(["2025-01-01T00:00:00Z", "7"])
    place %= len(cursor)
    changed = cursor[:place] + letter + cursor[place + 1 :]
    # The last character of a base64 text has spare bits; equal content is no change.
    if changed != cursor and place not in {len(cursor) - 1, cursor.index(":") - 1}:
        with pytest.raises(BadCursor):
            listing.unseal(changed)


@pytest.mark.django_db
def test_pages_are_complete_while_rows_come_and_share_their_time() -> None:
    owner = User.objects.create_user("alice@example.com")
    caller = Caller(user=owner, scopes=frozenset())
    at = datetime(2025, 1, 1, tzinfo=UTC)

    def make_key(number: int, *, created_at: datetime) -> ApiKey:
        return ApiKey.objects.create(
            owner=owner,
            name=str(number),
            lookup=f"{number:012}",
            secret_hash=b"",
            scopes=[],
            created_at=created_at,
        )

    # Three of each time, so that the id must decide.
    expected = [make_key(n, created_at=at + timedelta(hours=n // 3)).id for n in range(11)]
    listing = Listing(caller, "keys", {})
    seen: list[UUID] = []
    cursor = None
    for number in range(6):
        page = listing.page(
            ApiKey.objects.all(), order=["-created_at", "-id"], limit=2, cursor=cursor
        )
        seen += [key.id for key in page.items]
        cursor = page.next_cursor
        make_key(100 + number, created_at=at + timedelta(days=1))  # newer than the first page
    assert seen == list(reversed(expected))
    assert cursor is None


PLACES = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), max_size=30)


@given(rows=PLACES, more=PLACES, limit=st.integers(1, 7))
def test_parts_of_what_is_computed_are_complete_while_rows_come_and_go(
    rows: list[tuple[str, int]], more: list[tuple[str, int]], limit: int
) -> None:
    """What stands throughout is given out once, in order, whatever else comes or goes between."""
    listing = Listing(ALICE, "positions", {})
    lasting = {("x" + letter, number) for letter, number in rows}
    seen: list[tuple[str, int]] = []
    cursor, turn = None, 0
    while True:
        passing = {("y" + letter, number) for letter, number in more[turn:]}
        page = listing.part(
            lasting | passing, key=lambda row: (row[0], str(row[1])), limit=limit, cursor=cursor
        )
        assert len(page.items) <= limit
        seen += page.items
        cursor, turn = page.next_cursor, turn + 1
        if cursor is None:
            break
    assert [row for row in seen if row in lasting] == sorted(lasting)
    assert len(seen) == len(set(seen))


@given(keys=st.lists(st.sampled_from("ab"), max_size=12), limit=st.integers(1, 5))
def test_rows_of_one_place_are_told_apart(keys: list[str], limit: int) -> None:
    listing = Listing(ALICE, "realised", {})
    rows = list(enumerate(keys))
    seen, cursor = [], None
    while True:
        page = listing.part(rows, key=lambda row: [row[1]], limit=limit, cursor=cursor)
        seen += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == sorted(rows, key=lambda row: row[1])
