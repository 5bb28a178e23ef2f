from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from simulated_market import SESSIONS, Made, long_path

from engine.lake.simulate import stocks
from engine.lake.simulate.model import Law
from engine.lake.simulate.universe import INSTRUMENTS, SYMBOLS

MEMBERS = tuple(range(len(SYMBOLS)))


def test_every_session_has_every_minute_of_every_symbol(sample: Made) -> None:
    counts = sample.sql(
        "select {day} d, count(*), count(distinct (symbol, ts)) from {stocks} "
        "where segment = 'regular' group by d order by d"
    )
    assert len(counts) == SESSIONS
    for day, rows, keys in counts:
        assert rows == keys == 16 * (210 if day == dt.date(2025, 7, 3) else 390)
    assert max(rows for _, rows, _ in counts) == 6240


def test_rows_obey_the_contract(sample: Made) -> None:
    [bad] = sample.sql(
        """select count(*) from {stocks} where not (
            low <= least(open, close) and high >= greatest(open, close) and low > 0
            and vwap between low and high
            and volume >= 1 and volume = round(volume)
            and transactions between 1 and volume
            and abs(close * 100 - round(close * 100)) < 1e-6
            and abs(high * 100 - round(high * 100)) < 1e-6
            and known_at = ts + interval 60 second
            and bar_seconds = 60 and price_basis = 'raw' and source = 'sim'
            and ts::date = {day})"""
    )
    assert bad == (0,)


def test_segments_follow_the_clock_and_the_half_day(sample: Made) -> None:
    rows = sample.sql(
        """select segment, {day} = date '2025-07-03' half, min(ts::timestamp::time),
            max(ts::timestamp::time)
        from {stocks} group by 1, 2 order by 1, 2"""
    )
    bounds = {(segment, half): (first, last) for segment, half, first, last in rows}
    assert bounds["regular", False] == (dt.time(9, 30), dt.time(15, 59))
    assert bounds["regular", True] == (dt.time(9, 30), dt.time(12, 59))
    assert bounds["pre", False][0] >= dt.time(4) and bounds["pre", False][1] < dt.time(9, 30)
    assert bounds["post", False][0] >= dt.time(16) and bounds["post", False][1] < dt.time(20)
    assert bounds["post", True][0] >= dt.time(13) and bounds["post", True][1] < dt.time(17)


def test_only_some_symbols_trade_before_the_open(sample: Made) -> None:
    early = {symbol for (symbol,) in sample.sql(
        "select distinct symbol from {stocks} where segment = 'pre'"
    )}  # fmt: skip
    assert early == {each.symbol for each in INSTRUMENTS if each.is_extended}


def test_volume_and_volatility_are_u_shaped(sample: Made) -> None:
    rows = sample.sql(
        """with minutes as (
            select date_diff('minute', {day} + time '09:30', ts::timestamp) m, volume,
                ln(close / open) r
            from {stocks} where segment = 'regular' and {day} != date '2025-07-03')
        select m // 30, avg(volume), avg(abs(r)) from minutes group by 1 order by 1"""
    )
    volume, size = np.array([row[1:] for row in rows]).T
    for shape in (volume, size):
        middle = shape[4:9].mean()
        assert shape[0] > 1.4 * middle
        assert shape[-1] > 1.1 * middle
    assert volume[-1] > 1.3 * volume[4:9].mean()


def test_minute_moves_are_correlated_across_symbols(sample: Made) -> None:
    [(positive, negative)] = sample.sql(
        """with moves as (
            select symbol, ts, ln(close / lag(close) over (
                partition by symbol, {day} order by ts)) r
            from {stocks} where segment = 'regular')
        select corr(a.r, b.r), corr(a.r, c.r) from moves a
        join moves b on a.ts = b.ts and b.symbol = 'QQQ'
        join moves c on a.ts = c.ts and c.symbol = 'VXX' where a.symbol = 'SPY'"""
    )
    assert positive > 0.7
    assert negative < -0.6


@pytest.mark.parametrize("t", [0, 17])
def test_day_bars_and_minutes_tell_one_story(law: Law, t: int) -> None:
    made = long_path("default", 4, sessions=20)
    minutes = stocks.minutes_of(made.line, made.path, law, 4, t)
    rows = stocks.minute_rows(made.line, made.path, law, 4, t, MEMBERS, minutes, extended=0.0)
    day = stocks.day_rows(made.line, made.path, law, 4, t, MEMBERS).to_pydict()
    assert rows.num_rows == 16 * 390
    np.testing.assert_array_equal(day["open"], minutes.open[:, 0])
    np.testing.assert_array_equal(day["close"], minutes.close[:, -1])
    np.testing.assert_allclose(day["volume"], minutes.volume.sum(1), rtol=0.15)
    assert day["symbol"] == list(SYMBOLS)
    assert set(day["segment"]) == {"day"} and set(day["bar_seconds"]) == {86_400}
    assert all(known > ts for known, ts in zip(day["known_at"], day["ts"], strict=True))


def test_a_bridge_ends_at_its_total_and_has_its_variance() -> None:
    random = np.random.default_rng(1)
    share = random.random((4000, 12))
    share /= share.sum(1, keepdims=True)
    total = 0.02 * random.standard_normal(4000)
    steps = stocks._bridge(total, np.full(4000, 4e-4), share, random.standard_normal((4000, 12)))
    np.testing.assert_allclose(steps.sum(1), total, atol=1e-15)
    z = steps / (0.02 * np.sqrt(share))
    assert z.var() == pytest.approx(1.0, abs=0.03)  # unconditionally: independent increments
    assert abs(np.corrcoef(z[:, 0], z[:, 1])[0, 1]) < 0.06


def test_highs_and_lows_enclose_and_grow_with_volatility() -> None:
    random = np.random.default_rng(2)
    opening, close = np.full(20_000, 100.0), np.full(20_000, 100.0)
    uniform = random.random((2, 20_000))
    high, low = stocks.extremes(opening, close, np.full(20_000, 1.0), uniform)
    # the mean maximum of a Brownian bridge of unit deviation is sqrt(pi / 8)
    assert high.mean() - 100.0 == pytest.approx(np.sqrt(np.pi / 8.0), abs=0.01)
    assert 100.0 - low.mean() == pytest.approx(np.sqrt(np.pi / 8.0), abs=0.01)
