"""The change_point module on bars: columns against other libraries, and the session function."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
import scipy.stats

from engine.features import assemble, registry
from engine.features.udf import register
from engine.kernels.session_jumps import session_jumps

MODULE = registry.module("change_point")
FEATURES = {feature.name: feature for feature in MODULE.features}


@pytest.fixture(scope="module")
def found(case):
    return assemble.compute("change_point", case.bars)


def test_there_are_33_core_columns_and_two_more(found):
    tiers = [feature.family.tier for feature in MODULE.features]
    assert (tiers.count("core"), tiers.count("stretch")) == (33, 2)


@pytest.mark.parametrize("name", MODULE.computed)
def test_values_appear_at_min_obs_and_stay(found, name):
    if name.startswith("cp_lm"):
        pytest.skip("no minutes in these bars")
    feature, values = FEATURES[name], found[name]
    assert np.isnan(values[: feature.min_obs - 1]).all()
    assert np.isfinite(values[feature.lookback - 1 :]).all()
    if name not in ("cp_cusum_since", "cp_cusum_dir"):  # which wait for an event
        assert np.isfinite(values[feature.min_obs - 1])


@pytest.mark.parametrize(("recent", "prior"), [(10, 60), (20, 120)])
def test_mean_shift_is_scipys_welch_test_and_variance_shift_the_ratio(case, found, recent, prior):
    r = case.frame.ret.to_numpy()
    for t in range(prior + recent, 1700, 53):
        now, then = r[t - recent + 1 : t + 1], r[t - recent - prior + 1 : t - recent + 1]
        welch = scipy.stats.ttest_ind(now, then, equal_var=False).statistic
        assert found[f"cp_meant_{recent}_{prior}"][t] == pytest.approx(welch, rel=1e-9)
        ratio = np.log(now.var(ddof=1) / then.var(ddof=1))
        assert found[f"cp_varf_{recent}_{prior}"][t] == pytest.approx(ratio, rel=1e-9)


def test_cusum_watches_returns_in_units_of_the_60_before(case, found):
    z = (case.frame.ret / case.frame.ret.rolling(60).std().shift()).to_numpy()
    high = low = 0.0
    events = np.zeros(1700)
    for t in range(1700):
        if np.isnan(z[t]):
            continue
        high, low = (0.0 if high > 4.0 else high), (0.0 if low > 4.0 else low)
        high, low = max(0.0, high + z[t] - 0.5), max(0.0, low - z[t] - 0.5)
        events[t] = 1.0 if high > 4.0 else -1.0 if low > 4.0 else 0.0
        if t > 100:
            assert found["cp_cusum_up"][t] == pytest.approx(high, abs=1e-9)
            assert found["cp_cusum_dn"][t] == pytest.approx(low, abs=1e-9)
    counted = pd.Series(np.abs(events)).rolling(20).sum().to_numpy()
    np.testing.assert_array_equal(found["cp_cusum_count_20"][150:], counted[150:])
    for t in range(700, 1700, 17):
        last = np.flatnonzero(events[: t + 1])[-1]
        since = min(t - last, 252)
        assert found["cp_cusum_since"][t] == since
        assert found["cp_cusum_dir"][t] == pytest.approx(events[last] * (1 - since / 252))


def test_a_planted_break_of_volatility_is_seen_by_every_statistic_of_spread(case, make_bars):
    import dataclasses

    r = np.random.default_rng(2).normal(0, 0.01, 1700)
    r[1500:] *= 3.0
    close = 100.0 * np.exp(np.cumsum(r))
    found = assemble.compute("change_point", dataclasses.replace(case.bars, close=close))
    assert found["cp_varf_20_120"][1520] > 1.5
    assert found["cp_icss_120"][1560] > 1.36 > np.median(found["cp_icss_120"][400:1500])
    assert abs(found["cp_bocpd_map"][1560] - 60) <= 3
    assert found["cp_bocpd_abs_erl"][1560] < 70 < np.median(found["cp_bocpd_abs_erl"][800:1500])


def test_counts_of_jumps_are_sums_of_the_sessions(case):
    import dataclasses

    jumps = np.random.default_rng(1).poisson(0.3, 1700).astype(float)
    jumps[800] = np.nan
    bars = dataclasses.replace(case.bars, extra={"cp_lm_jumps": jumps})
    found = assemble.compute("change_point", bars)
    for w in (5, 20):
        expected = pd.Series(jumps).rolling(w).sum().to_numpy()
        np.testing.assert_array_equal(found[f"cp_lm_count_{w}"], expected)


def test_session_function_in_sql_equals_the_kernel():
    rng = np.random.default_rng(31)
    closes = [50 * np.exp(np.cumsum(rng.normal(0, 5e-4, n))) for n in (390, 210, 60)]
    length = np.array([390, 210, 390])
    con = duckdb.connect()
    register(con)
    con.execute("create table minutes (day int, minute int, open double, close double, length int)")
    for day, close in enumerate(closes):
        rows = [(day, i, 50.0, float(c), int(length[day])) for i, c in enumerate(close)]
        con.executemany("insert into minutes values (?, ?, ?, ?, ?)", rows[::-1])
    rows = con.execute(
        """
        select unnest(change_point_session(
            list(minute), list(open), list(close), any_value(length)
        )) from minutes group by day order by day
        """
    ).fetchall()
    offsets = np.cumsum([0, *(len(c) for c in closes)])
    index = np.concatenate([np.arange(len(c)) for c in closes])
    opens = np.full(len(index), 50.0)
    expected = session_jumps(offsets, index, opens, np.concatenate(closes), length)
    assert rows[:2] == [tuple(expected[:, k]) for k in (0, 1)]
    assert rows[2] == (None, None, None)  # 60 of 390 minutes
