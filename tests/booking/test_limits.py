"""Limits count every use exactly, however many come at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection

from common.errors import Conflict, RateLimited, UpstreamUnavailable
from common.limits import Limit, check, forget_old, note, spending, use
from common.models import UseCount
from tests.booking.conftest import NOW

FIVE = Limit("five", 5, timedelta(minutes=10))
SIX = Limit("six", 6, timedelta(minutes=10))


@pytest.mark.django_db(transaction=True)
def test_rivals_get_exactly_as_many_as_there_are():
    barrier = threading.Barrier(20)

    def one(_number):
        try:
            barrier.wait(timeout=30)
            use(FIVE, "192.0.2.1", NOW)
        except RateLimited:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(one, range(20))) == 5
    cache.clear()


@pytest.mark.django_db(transaction=True)
def test_rivals_who_spend_get_exactly_as_many_as_there_are():
    """Counted after the deed, twenty that came together passed all."""
    barrier = threading.Barrier(20)

    def one(_number):
        try:
            barrier.wait(timeout=30)
            with spending([(FIVE, "192.0.2.1")], NOW):
                return True
        except RateLimited:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(one, range(20))) <= 5
    cache.clear()


@pytest.fixture
def redis_away(settings, monkeypatch):
    """An installation whose Redis is gone."""
    monkeypatch.setattr("common.limits._cache_rests_until", 0.0)
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }


@pytest.mark.django_db
class TestSpending:
    def test_what_is_refused_is_given_back(self, clock):
        for _try in range(9):
            with pytest.raises(Conflict), spending([(FIVE, "x")], NOW):
                raise Conflict
        for _try in range(5):
            with spending([(FIVE, "x")], NOW):
                pass
        with pytest.raises(RateLimited), spending([(FIVE, "x")], NOW):
            raise AssertionError("unreachable")

    def test_one_that_is_used_up_spends_none_of_the_others(self, clock):
        for _use in range(5):
            use(FIVE, "full", NOW)
        for _try in range(9):
            with pytest.raises(RateLimited), spending([(SIX, "free"), (FIVE, "full")], NOW):
                raise AssertionError("unreachable")
        check([(SIX, "free")], NOW)

    def test_what_broke_stays_spent(self, clock):
        for _try in range(5):
            with pytest.raises(ZeroDivisionError), spending([(FIVE, "x")], NOW):
                1 / 0  # noqa: B018 -- breaks
        with pytest.raises(RateLimited):
            check([(FIVE, "x")], NOW)


@pytest.mark.django_db
def test_counts_of_windows_that_are_over_are_forgotten(clock, settings):
    if settings.REDIS_URL:
        pytest.skip("Redis forgets by itself")
    use(FIVE, "x", NOW)
    assert forget_old(NOW + timedelta(minutes=10)) == 0
    assert forget_old(NOW + timedelta(minutes=12)) == 1
    assert UseCount.objects.count() == 0


@pytest.mark.django_db
class TestWindow:
    def test_another_subject_and_the_next_window_start_anew(self, clock):
        for _use in range(5):
            note([(FIVE, "A@example.com")], NOW)
        with pytest.raises(RateLimited) as refusal:
            check([(FIVE, "a@example.com ")], NOW + timedelta(minutes=4))
        assert refusal.value.retry_after == timedelta(minutes=6)
        check([(FIVE, "b@example.com")], NOW)
        check([(FIVE, "a@example.com")], NOW + timedelta(minutes=10))

    def test_redis_style_caches_count_too(self, clock, settings):
        settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
        for _use in range(5):
            use(FIVE, "x", NOW)
        with pytest.raises(RateLimited):
            use(FIVE, "x", NOW)

    @pytest.mark.parametrize(
        ("one", "same", "other"),
        [
            ("2001:db8:1:2::3", "2001:db8:1:2:ffff::1", "2001:db8:1:3::3"),
            ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.2"),
            ("ann@x.example", "Ann+1@x.example", "anna@x.example"),
            ("0a1b2c", "0A1B2C", "0a1b2d"),
            ("a.nn@gmail.com", "ann+2@googlemail.com", "anna@gmail.com"),
            ("a.nn@x.example", "A.nn@x.example", "ann@x.example"),
        ],
    )
    def test_a_person_with_many_names_is_counted_as_one(self, clock, one, same, other):
        for _use in range(5):
            note([(FIVE, one)], NOW)
        with pytest.raises(RateLimited):
            check([(FIVE, same)], NOW)
        check([(FIVE, other)], NOW)

    def test_the_database_counts_while_redis_is_away(self, clock, redis_away):
        """One Redis is cache and broker: when it was gone, each booking page was an error page."""
        for _use in range(4):
            use(FIVE, "x", NOW)
        check([(FIVE, "x")], NOW)
        note([(FIVE, "x")], NOW)
        with pytest.raises(RateLimited):
            check([(FIVE, "x")], NOW)
        with pytest.raises(RateLimited):
            use(FIVE, "x", NOW)
        check([(FIVE, "y")], NOW)

    def test_what_is_refused_while_redis_is_away_is_given_back(self, clock, redis_away):
        for _try in range(9):
            with pytest.raises(Conflict), spending([(FIVE, "x")], NOW):
                raise Conflict
        check([(FIVE, "x")], NOW)

    def test_nothing_is_let_through_uncounted_and_nothing_done_is_lost_for_it(
        self, clock, redis_away
    ):
        def away(*_statement):
            raise OperationalError

        with connection.execute_wrapper(away):
            with pytest.raises(UpstreamUnavailable, match="Nothing was done"):
                use(FIVE, "x", NOW)
            with pytest.raises(UpstreamUnavailable, match="Nothing was done"):
                check([(FIVE, "x")], NOW)
            note([(FIVE, "x")], NOW)  # of what is done already
