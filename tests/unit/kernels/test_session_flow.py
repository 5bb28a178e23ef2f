"""Order flow of one session's minutes: by hand, and against scipy, statsmodels and numpy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.kernels import session_flow as kernel
from engine.kernels.session_flow import (
    bucket_imbalances,
    bulk_buy_shares,
    normal_cdf,
    session_flow,
    tick_signs,
)


def statistics(close, volume, index=None, origin=None, minutes=None):
    """One session's statistics as a vector."""
    close = np.asarray(close, dtype=np.float64)
    index = np.arange(len(close)) if index is None else np.asarray(index)
    open_ = close.copy()
    open_[np.argmin(index)] = close[np.argmin(index)] if origin is None else origin
    return session_flow(
        np.array([0, len(close)]),
        index.astype(np.int64),
        open_,
        close,
        np.asarray(volume, dtype=np.float64),
        np.array([len(close) if minutes is None else minutes]),
    )[:, 0]


@pytest.fixture(scope="module")
def day():
    """A session of 390 minutes with prices in cents and lots of a hundred."""
    rng = np.random.default_rng(41)
    close = np.round(100.0 * np.exp(np.cumsum(rng.normal(0.0, 4e-4, 390))), 2)
    volume = 100.0 * np.round(rng.lognormal(3.0, 0.8, 390))
    r = np.diff(np.log(close), prepend=np.log(100.0))
    steps = np.sign(np.diff(close, prepend=100.0))
    for i in range(1, 390):
        steps[i] = steps[i] or steps[i - 1]
    return close, volume, r, steps, statistics(close, volume, origin=100.0)


def test_normal_distribution_function_equals_scipy_far_into_the_tails():
    for x in np.linspace(-12.0, 8.0, 41):
        assert normal_cdf(x) == pytest.approx(scipy.stats.norm.cdf(x), rel=1e-13)


def test_an_unchanged_price_keeps_the_last_sign_and_has_none_before_the_first():
    signs = tick_signs(np.array([10.0, 11.0, 11.0, 10.5, 10.5, 10.6]), 10.0)
    assert signs.tolist() == [0.0, 1.0, 1.0, -1.0, -1.0, 1.0]


def test_bulk_classification_gives_scipys_share_of_each_minute(day):
    _, volume, r, _, got = day
    shares = scipy.stats.norm.cdf(r / np.std(r, ddof=1))
    np.testing.assert_allclose(bulk_buy_shares(r), shares, rtol=1e-12)
    assert got[kernel.BVC] == pytest.approx(np.average(shares, weights=volume), rel=1e-12)


def test_minutes_that_do_not_move_are_bought_by_half():
    assert bulk_buy_shares(np.zeros(5)).tolist() == [0.5] * 5


def test_three_buckets_worked_by_hand():
    # 90 shares in 4 minutes, 30 a bucket. Bought / sold: 20/0, 5/15, 0/40, 10/0.
    # Bucket 1: all 20 of minute 1, 10 of the 20 of minute 2: 22.5 bought, 7.5 sold: 15 / 30.
    # Bucket 2: the other 10 of minute 2, 20 of minute 3: 2.5 bought, 27.5 sold: 25 / 30.
    # Bucket 3: the other 20 of minute 3, all 10 of minute 4: 10 bought, 20 sold: 10 / 30.
    volume = np.array([20.0, 20.0, 40.0, 10.0])
    net = np.array([20.0, -10.0, -40.0, 10.0])
    found = bucket_imbalances(volume, net, 3)
    np.testing.assert_allclose(found, [15 / 30, 25 / 30, 10 / 30], rtol=1e-14)


def test_one_minute_may_fill_several_buckets():
    found = bucket_imbalances(np.array([10.0, 80.0, 10.0]), np.array([10.0, -40.0, 10.0]), 5)
    # Buckets of 20: half of the first is the bought minute, then the half-sold one alone.
    np.testing.assert_allclose(found, [0.25, 0.5, 0.5, 0.5, 0.25], rtol=1e-13)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.0, 1e9), st.floats(-1.0, 1.0)), min_size=1, max_size=60).filter(
        lambda rows: sum(v for v, _ in rows) > 1e-3
    ),
    st.integers(1, 70),
)
def test_buckets_stay_within_zero_and_one_and_hold_the_whole_balance(rows, buckets):
    volume = np.array([v for v, _ in rows])
    net = volume * np.array([side for _, side in rows])
    found = bucket_imbalances(volume, net, buckets)
    assert ((found >= 0.0) & (found <= 1.0)).all()
    # The parts are at least as one-sided as the whole.
    assert found.mean() >= abs(net.sum()) / volume.sum() - 1e-9


def test_vpin_is_the_mean_over_fifty_buckets_found_by_interpolation(day):
    _, volume, r, _, got = day
    net = volume * (2.0 * scipy.stats.norm.cdf(r / np.std(r, ddof=1)) - 1.0)
    edges = np.linspace(0.0, volume.sum(), 51)
    balance = np.interp(edges, np.r_[0.0, np.cumsum(volume)], np.r_[0.0, np.cumsum(net)])
    parts = np.abs(np.diff(balance)) / (volume.sum() / 50)
    assert got[kernel.VPIN] == pytest.approx(parts.mean(), rel=1e-9)
    tens = np.convolve(parts, np.full(10, 0.1), mode="valid")
    assert got[kernel.VPIN_MAX] == pytest.approx(tens.max(), rel=1e-9)


def test_a_session_that_only_rises_is_bought_throughout_by_the_tick_rule():
    got = statistics(100.0 + 0.01 * np.arange(1, 61), np.full(60, 7.0), origin=100.0)
    assert got[kernel.OFI] == 1.0
    assert got[kernel.FIRST] == 1.0
    assert got[kernel.LAST] == 1.0
    assert got[kernel.SIGN_RUN] == 60.0


def test_imbalances_are_shares_of_signed_volume(day):
    _, volume, _, sign, got = day
    assert got[kernel.OFI] == pytest.approx((sign * volume).sum() / volume.sum())
    assert got[kernel.FIRST] == pytest.approx((sign * volume)[:30].sum() / volume[:30].sum())
    assert got[kernel.LAST] == pytest.approx((sign * volume)[-30:].sum() / volume[-30:].sum())
    large = volume > np.quantile(volume, 0.95)
    assert got[kernel.LARGE_SHARE] == pytest.approx(volume[large].sum() / volume.sum())
    assert got[kernel.LARGE_SIGNED] == pytest.approx(
        (sign * volume)[large].sum() / volume[large].sum()
    )


def test_impact_slopes_and_t_equal_statsmodels(day):
    close, volume, r, sign, got = day
    percent = 100.0 * sign * volume / volume.sum()
    kyle = sm.OLS(1e4 * r, sm.add_constant(percent)).fit()
    assert got[kernel.KYLE] == pytest.approx(kyle.params[1], rel=1e-10)
    assert got[kernel.KYLE_T] == pytest.approx(kyle.tvalues[1], rel=1e-10)
    dollars = close * volume
    root = sign * np.sqrt(dollars / dollars.sum())
    hasbrouck = sm.OLS(1e4 * r, sm.add_constant(root)).fit()
    assert got[kernel.HASBROUCK] == pytest.approx(hasbrouck.params[1], rel=1e-10)


def test_illiquidity_is_the_mean_move_a_share_of_the_dollars(day):
    close, volume, r, _, got = day
    dollars = close * volume
    assert got[kernel.AMIHUD] == pytest.approx((np.abs(r) / (dollars / dollars.sum())).mean())


def test_persistence_and_agreement_are_correlations(day):
    _, volume, r, sign, got = day
    signed = sign * volume
    assert got[kernel.ACF] == pytest.approx(np.corrcoef(signed[1:], signed[:-1])[0, 1])
    flows = signed.reshape(-1, 5).sum(axis=1) / volume.reshape(-1, 5).sum(axis=1)
    returns = r.reshape(-1, 5).sum(axis=1)
    assert got[kernel.RETCORR] == pytest.approx(np.corrcoef(flows, returns)[0, 1])


def test_runs_of_signs_skip_returns_of_zero():
    # Twenty times up, still, up, down: runs of 2 and 1, so 60 moves in 40 runs.
    steps = np.tile([0.01, 0.0, 0.01, -0.01], 20)
    got = statistics(100.0 + np.cumsum(steps), np.ones(80), origin=100.0)
    assert got[kernel.SIGN_RUN] == pytest.approx(60 / 40)


def test_a_session_does_not_depend_on_its_order_or_its_batch(day):
    close, volume, *_, got = day
    order = np.random.default_rng(3).permutation(390)
    shuffled = statistics(close[order], volume[order], index=order, origin=100.0)
    np.testing.assert_array_equal(shuffled, got)
    opens = np.r_[100.0, close[1:]]
    together = session_flow(
        np.array([0, 390, 780]),
        np.tile(np.arange(390), 2),
        np.r_[opens * 2.0, opens],
        np.r_[close * 2.0, close],
        np.r_[volume[::-1], volume],
        np.array([390, 390]),
    )
    np.testing.assert_array_equal(together[:, 1], got)


def test_a_split_changes_nothing(day):
    close, volume, *_, got = day
    np.testing.assert_array_equal(statistics(close / 4.0, volume * 4.0, origin=25.0), got)


def test_fewer_than_half_of_the_minutes_say_nothing(day):
    close, volume, *_ = day
    assert np.isnan(statistics(close[:194], volume[:194], minutes=390)).all()
    half = statistics(close[:195], volume[:195], minutes=390)
    assert np.flatnonzero(np.isnan(half)).tolist() == [kernel.LAST]  # none of those were there


def test_a_session_without_volume_has_what_prices_say_only(day):
    close = day[0]
    for volume in (np.zeros(390), np.full(390, np.nan)):
        got = statistics(close, volume, origin=100.0)
        known = np.flatnonzero(np.isfinite(got)).tolist()
        assert known == [kernel.SIGN_RUN, kernel.VARIANCE]


def test_a_session_that_does_not_move_has_no_side_and_no_impact(day):
    got = statistics(np.full(390, 50.0), day[1])
    assert got[kernel.BVC] == 0.5
    assert got[kernel.VPIN] == 0.0
    assert got[kernel.OFI] == 0.0
    assert got[kernel.AMIHUD] == 0.0
    unknown = [kernel.KYLE, kernel.KYLE_T, kernel.HASBROUCK, kernel.ACF, kernel.RETCORR]
    assert np.isnan(got[[*unknown, kernel.SIGN_RUN]]).all()
