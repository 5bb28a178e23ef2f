"""Numbers as people read them."""

from __future__ import annotations

import datetime as dt
import doctest

import pytest

from app import wording


def test_examples_hold():
    result = doctest.testmod(wording)
    assert result.attempted >= 5
    assert result.failed == 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (-5, "0 s"),
        (3600 * 5, "5 h"),
        (86400 * 1.6, "1 day"),
        (86400 * 900, "2.5 years"),
    ],
)
def test_an_age_is_said_in_its_largest_unit(seconds, words):
    assert wording.age(seconds) == words


def test_a_share_is_never_rounded_to_nothing_or_to_all():
    assert wording.share(1, 10**9) == "<0.1%"
    assert wording.share(10**9 - 1, 10**9) == ">99.9%"
    assert wording.share(0, 10) == "0%"
    assert wording.share(10, 10) == "100%"
    assert wording.share(3, 0) == "–"


def test_an_instant_without_a_zone_is_read_as_utc():
    expected = dt.datetime(2026, 1, 2, 21, tzinfo=dt.UTC)
    assert wording.parse_instant("2026-01-02 21:00:00") == expected
    assert wording.parse_instant("2026-01-02 16:00:00-05") == expected
    assert wording.parse_instant(None) is None


def test_volatilities_and_dollars_are_said_in_their_units():
    assert wording.percent(0.1834) == "18.3%"
    assert wording.points(-0.0213) == "-2.13"
    assert wording.dollars(-1.25e9) == "-$1.2 B"
    assert wording.percent(None) == wording.points(None) == wording.dollars(None) == "–"
