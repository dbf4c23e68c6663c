"""Several threads of one program exchange the same refresh token at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import RefreshToken, TokenFamily
from accounts.refresh_tokens import JustRefreshed, TokenPair, refresh, start_family
from tests.factories import make_user

THREADS = 4
RACES = 200


@pytest.mark.django_db(transaction=True)
def test_each_of_200_races_has_one_winner_and_ends_no_family() -> None:
    text = start_family(owner=make_user(), started_at=timezone.now()).refresh_token
    texts = [text]
    start = Barrier(THREADS)
    ready = Barrier(THREADS)
    results: list[list[TokenPair]] = [[] for _ in range(RACES)]
    losers: list[list[JustRefreshed]] = [[] for _ in range(RACES)]

    def run(number: int) -> None:
        try:
            for race in range(RACES):
                start.wait(30)
                try:
                    results[race].append(refresh(text=texts[-1], refreshed_at=timezone.now()))
                except JustRefreshed as error:
                    losers[race].append(error)
                ready.wait(30)
                if number == 0:
                    texts.append(results[race][0].refresh_token)
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(run, range(THREADS)))

    assert [len(winners) for winners in results] == [1] * RACES
    assert [len(beaten) for beaten in losers] == [THREADS - 1] * RACES
    assert TokenFamily.objects.get().revoked_at is None
    assert RefreshToken.objects.count() == RACES + 1
