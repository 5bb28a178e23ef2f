"""Change-point kernels against hand-worked examples, other libraries and planted changes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
import statsmodels.api as sm

from engine.kernels import cusum, explosive, rank_tests, variance_break
from engine.kernels.session_jumps import session_jumps

R = np.random.default_rng(5).standard_t(4, 900) * 0.01


def rows(window, count=900, step=61):
    return range(window + 40, count, step)


# CUSUM and Page-Hinkley -------------------------------------------------------------------------


def test_cusum_of_a_worked_example():
    z = np.array([1.0, 2.0, 2.5, -3.0, -2.0, 0.0])
    up, down, event = cusum.cusum(z, 0.5, 3.0, 10, 1)
    # up: .5, 2, 4 (passes 3, anew), 0, 0, 0; down: 0, 0, 0, 2.5, 4 (passes, anew), 0
    assert up.tolist() == [0.5, 2.0, 4.0, 0.0, 0.0, 0.0]
    assert down.tolist() == [0.0, 0.0, 0.0, 2.5, 4.0, 0.0]
    assert event.tolist() == [0.0, 0.0, 1.0, 0.0, -1.0, 0.0]


def test_cusum_over_its_last_120_values_is_the_recursion_over_all():
    z = np.random.default_rng(1).standard_t(4, 4000)
    up, down, event = cusum.cusum(z, 0.5, 4.0, 120, 20)
    high = low = 0.0
    for t, value in enumerate(z):
        high, low = (0.0 if high > 4.0 else high), (0.0 if low > 4.0 else low)
        high, low = max(0.0, high + value - 0.5), max(0.0, low - value - 0.5)
        if t >= 19:
            assert (up[t], down[t]) == pytest.approx((high, low), abs=1e-12)
            assert event[t] == (1.0 if high > 4.0 else -1.0 if low > 4.0 else 0.0)


def test_cusum_sees_a_planted_drift_of_one_sigma_within_fifteen_bars():
    z = np.random.default_rng(2).normal(size=1000)
    z[600:] += 1.0
    event = cusum.cusum(z, 0.5, 4.0, 120, 20)[2]
    assert event[600:615].max() == 1.0
    late = event[600:]
    assert (late == 1.0).sum() > 20 * max((late == -1.0).sum(), 1)


def test_cusum_skips_missing_values():
    z = np.random.default_rng(3).normal(size=300)
    holed = np.insert(z, 150, np.nan)
    whole = cusum.cusum(z, 0.5, 4.0, 120, 20)
    for expected, got in zip(whole, cusum.cusum(holed, 0.5, 4.0, 120, 20), strict=True):
        assert np.isnan(got[150])
        np.testing.assert_array_equal(np.delete(got, 150), expected)


def test_page_hinkley_is_the_distance_of_the_sum_from_its_extreme():
    z = np.random.default_rng(4).normal(size=500)
    up, down = cusum.page_hinkley(z, 0.1, 120, 20)
    for t in (30, 119, 250, 499):
        x = z[max(0, t - 119) : t + 1]
        mean = np.cumsum(x) / np.arange(1, len(x) + 1)
        m = np.concatenate([[0.0], np.cumsum(x - mean - 0.1)])
        assert up[t] == pytest.approx(m[-1] - m.min(), abs=1e-9)
        m = np.concatenate([[0.0], np.cumsum(mean - x - 0.1)])
        assert down[t] == pytest.approx(m[-1] - m.min(), abs=1e-9)
    z[380:] -= 1.5
    up, down = cusum.page_hinkley(z, 0.1, 120, 20)
    assert down[420] > 20.0 > up[420]


# Variance ---------------------------------------------------------------------------------------


def test_centred_sum_of_squares_of_a_worked_example():
    # squares 1 1 1 1 4 4 4 4, shares .05 ... .2 | .4 ...: farthest from the line at k = 4
    r = np.array([1.0, -1.0, 1.0, 1.0, 2.0, -2.0, 2.0, 2.0])
    got = variance_break.centred_sum_of_squares(r, 8)[-1]
    assert got == pytest.approx(math.sqrt(8 / 2) * abs(4 / 20 - 4 / 8))


@pytest.mark.parametrize("w", [60, 120])
def test_centred_sum_of_squares_is_numpys(w):
    got = variance_break.centred_sum_of_squares(R, w)
    for t in rows(w):
        squares = np.cumsum(R[t - w + 1 : t + 1] ** 2)
        d = squares / squares[-1] - np.arange(1, w + 1) / w
        assert got[t] == pytest.approx(np.sqrt(w / 2) * np.abs(d).max(), rel=1e-12)


def test_a_planted_variance_break_passes_the_asymptotic_limit_and_noise_seldom_does():
    rng = np.random.default_rng(6)
    quiet = variance_break.centred_sum_of_squares(rng.normal(size=120 * 300), 120)[119::120]
    assert (quiet > 1.358).mean() < 0.07  # 5% point of the limit; smaller in short samples
    broken = rng.normal(size=(50, 120))
    broken[:, 60:] *= 2.0
    got = [variance_break.centred_sum_of_squares(x, 120)[-1] for x in broken]
    assert (np.array(got) > 1.358).mean() > 0.9


# Ranks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("w", [20, 60])
@pytest.mark.parametrize("digits", [6, 2], ids=["no ties", "ties"])
def test_mann_kendall_counts_the_pairs_of_kendalls_tau(w, digits):
    x = np.round(np.cumsum(R), digits)
    got = rank_tests.mann_kendall(x, w)
    for t in rows(w):
        y = x[t - w + 1 : t + 1]
        groups = np.unique(y, return_counts=True)[1]
        pairs = w * (w - 1) / 2
        untied = pairs - (groups * (groups - 1) / 2).sum()
        # tau-b = S / sqrt(pairs x pairs untied in y); time has no ties
        score = round(scipy.stats.kendalltau(np.arange(w), y).statistic * np.sqrt(pairs * untied))
        correction = (groups * (groups - 1) * (2 * groups + 5)).sum()
        variance = (w * (w - 1) * (2 * w + 5) - correction) / 18
        assert got[t] == pytest.approx((score - np.sign(score)) / np.sqrt(variance), rel=1e-12)


def test_mann_kendall_of_worked_examples():
    rising = rank_tests.mann_kendall(np.arange(4.0), 4)[-1]
    assert rising == pytest.approx((6 - 1) / math.sqrt(4 * 3 * 13 / 18))
    assert rank_tests.mann_kendall(np.full(5, 3.0), 5)[-1] == 0.0
    # 1 2 2 3: five pairs rise, one ties: (5 - 1) / sqrt((156 - 2 x 1 x 9) / 18)
    tied = rank_tests.mann_kendall(np.array([1.0, 2.0, 2.0, 3.0]), 4)[-1]
    assert tied == pytest.approx(4 / math.sqrt((156 - 18) / 18))


def test_pettitt_of_a_worked_example():
    # ranks 1 2 3 | 4 5 6: U_3 = 2 x 6 - 3 x 7 = -9, the later part higher
    got = rank_tests.pettitt(np.array([0.1, 0.2, 0.3, 1.0, 1.1, 1.2]), 6)[-1]
    assert got == pytest.approx(9 * math.sqrt(6 / (6**3 + 6**2)))
    assert rank_tests.pettitt(np.full(6, 2.0), 6)[-1] == 0.0


@pytest.mark.parametrize("w", [60, 120])
def test_pettitt_is_that_of_scipys_ranks(w):
    x = np.round(R, 3)  # with ties
    got = rank_tests.pettitt(x, w)
    for t in rows(w):
        ranks = scipy.stats.rankdata(x[t - w + 1 : t + 1])
        u = 2 * np.cumsum(ranks) - np.arange(1, w + 1) * (w + 1)
        largest = np.abs(u).max()
        assert abs(got[t]) == pytest.approx(largest * np.sqrt(6 / (w**3 + w**2)), rel=1e-12)


def test_pettitt_finds_a_planted_shift_and_its_sign():
    x = np.random.default_rng(7).normal(size=200)
    x[140:] -= 1.5
    assert rank_tests.pettitt(x, 120)[-1] < -2.0


def test_rank_tests_after_a_missing_value_are_those_of_the_window_alone():
    x = np.round(np.cumsum(R[:300]), 2)
    x[100] = np.nan
    for kernel in (rank_tests.mann_kendall, rank_tests.pettitt):
        got = kernel(x, 60)
        assert np.isnan(got[100:160]).all()
        np.testing.assert_array_equal(got[160:], kernel(x[101:], 60)[59:])


# Explosive paths --------------------------------------------------------------------------------


def test_sup_adf_is_the_largest_t_of_statsmodels_regressions():
    short, long = explosive.sup_adf(R, 60, 100, 40)
    for t in (150, 400, 650):
        y = np.concatenate([[0.0], np.cumsum(R[: t + 1])])[: t + 2]
        found = []
        for k in range(40, 101):
            d = np.diff(y[-k - 1 :])
            before = y[-k - 1 : -1]
            found.append(sm.OLS(d, sm.add_constant(before)).fit().tvalues[1])
        assert short[t] == pytest.approx(max(found[:21]), rel=1e-8)
        assert long[t] == pytest.approx(max(found), rel=1e-8)


def test_sup_adf_sees_a_planted_bubble():
    rng = np.random.default_rng(8)
    y = np.cumsum(rng.normal(0, 0.01, 400))
    for t in range(340, 400):
        y[t] = y[t - 1] + 0.04 * (y[t - 1] - y[339] + 0.05) + rng.normal(0, 0.01)
    short = explosive.sup_adf(np.diff(y), 120, 252, 40)[0]
    assert short[-1] > 3.0 > np.nanmax(short[:330])


def test_chow_dickey_fuller_is_the_largest_t_of_statsmodels_regressions():
    w = 60
    got = explosive.chow_dickey_fuller(R, w)
    for t in (100, 500, 800):
        d = R[t - w + 1 : t + 1]
        y = np.concatenate([[0.0], np.cumsum(d)])[:-1]
        found = [sm.OLS(d, y * (np.arange(w) >= k)).fit().tvalues[0] for k in range(9, 52)]
        assert got[t] == pytest.approx(max(found), rel=1e-8)


@pytest.mark.parametrize("w", [60, 120])
def test_departure_is_the_definition(w):
    got = explosive.departure(R, w)
    for t in rows(w):
        r = R[t - w + 1 : t + 1][::-1]
        s = np.cumsum(r) / np.sqrt((r**2).mean() * np.arange(1, w + 1))
        assert got[t] == pytest.approx(s[np.abs(s).argmax()], rel=1e-12)
        assert abs(got[t]) <= np.sqrt(w)


def test_departure_of_a_straight_path_is_the_root_of_the_window():
    assert explosive.departure(np.full(9, -0.01), 9)[-1] == pytest.approx(-3.0)


# Jumps inside a session -------------------------------------------------------------------------


def session(closes, length=390, opening=100.0):
    """Run the kernel on one session of minutes that all trade."""
    index = np.arange(len(closes))
    out = session_jumps(
        np.array([0, len(closes)]),
        index,
        np.full(len(closes), opening),
        np.asarray(closes, dtype=np.float64),
        np.array([length]),
    )
    return out[:, 0]


def five_minute_path(r):
    """Minute closes of a session whose 5-minute returns are r: the price moves in minute 5."""
    return np.repeat(100.0 * np.exp(np.cumsum(r)), 5)


def test_jump_statistics_are_their_definitions():
    r = np.random.default_rng(9).normal(0, 1e-3, 78)
    largest, jumps, ratio = session(five_minute_path(r))
    # the step is at the first minute of each five, so the returns are r
    n, a = 78, np.abs(r)
    sigma = np.sqrt((a[1:] * a[:-1]).mean())
    c, root = np.sqrt(2 / np.pi), np.sqrt(2 * np.log(n))
    cn = root / c - (np.log(np.pi) + np.log(np.log(n))) / (2 * c * root)
    gumbel = (a / sigma - cn) * c * root
    assert largest == pytest.approx(gumbel.max(), rel=1e-9)
    assert jumps == (gumbel > scipy.stats.gumbel_r.ppf(0.99)).sum()
    rv, bv = (r**2).sum(), (a[1:] * a[:-1]).sum() * np.pi / 2 * n / (n - 1)
    mu = scipy.stats.norm.expect(lambda z: np.abs(z) ** (4 / 3))
    tq = n / (n - 2) * n * (a[2:] * a[1:-1] * a[:-2]) ** (4 / 3)
    quarticity = max(1.0, tq.sum() / mu**3 / bv**2)
    z = (rv - bv) / rv / np.sqrt((np.pi**2 / 4 + np.pi - 5) / n * quarticity)
    assert ratio == pytest.approx(z, rel=1e-7)


def test_simulated_jumps_are_found_and_counted_and_noise_is_not():
    rng = np.random.default_rng(10)
    false, found, ratios = [], [], []
    for _ in range(200):
        r = rng.normal(0, 1e-3, 78)
        quiet = session(five_minute_path(r))
        false.append(quiet[1] > 0)
        r[40] += 0.010
        jumped = session(five_minute_path(r))
        found.append(jumped[1] >= 1 and jumped[0] > quiet[0])
        ratios.append((quiet[2], jumped[2]))
    assert np.mean(false) < 0.04  # 1% in the limit
    assert np.mean(found) > 0.97
    quiet_z, jumped_z = np.array(ratios).T
    assert abs(np.mean(quiet_z)) < 0.3
    assert 0.8 < np.std(quiet_z) < 1.2
    assert (jumped_z > 2.33).mean() > 0.9


def test_a_session_without_minutes_or_movement_is_unknown():
    assert np.isnan(session(np.full(390, 100.0))).all()
    assert np.isnan(session(five_minute_path(np.full(30, 1e-3)))).all()  # 150 of 390 minutes
    one_move = np.zeros(78)
    one_move[20] = 0.01
    assert np.isnan(session(five_minute_path(one_move))).all()  # nothing to measure it by


def test_the_order_of_minutes_does_not_matter():
    closes = five_minute_path(np.random.default_rng(11).normal(0, 1e-3, 78))
    shuffled = np.random.default_rng(12).permutation(390)
    out = session_jumps(
        np.array([0, 390]), shuffled, np.full(390, 100.0), closes[shuffled], np.array([390])
    )
    np.testing.assert_array_equal(out[:, 0], session(closes))
