"""Reversals, components of impact and fading volume of one session, against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from engine.kernels import session_flow as kernel
from engine.kernels.least_squares import line, two_slopes
from engine.kernels.session_flow import HALF_LIVES, bulk_buy_shares, session_flow
from engine.kernels.session_impact import decayed_net, glosten_harris, reversal


@pytest.fixture(scope="module")
def minutes():
    """390 minutes of flow: each moves the price, and a third of the move is given back."""
    rng = np.random.default_rng(19)
    volume = np.round(rng.lognormal(8.0, 0.6, 390))
    sign = np.where(rng.random(390) < 0.5, -1.0, 1.0)
    signed = sign * volume
    pushed = 2e-3 * signed
    r = pushed - np.r_[0.0, pushed[:-1]] / 3.0 + rng.normal(0.0, 2.0, 390)
    return r, sign, volume


def test_reversal_and_permanent_share_equal_statsmodels(minutes):
    r, sign, volume = minutes
    x = (sign * volume)[:-5]
    later = np.lib.stride_tricks.sliding_window_view(r, 5)[1:].sum(axis=1)
    after = sm.OLS(later, sm.add_constant(x)).fit().params[1]
    own = sm.OLS(r[:-5], sm.add_constant(x)).fit().params[1]
    back, stays = reversal(r, sign * volume)
    assert back == pytest.approx(-after * np.std(x, ddof=1), rel=1e-9)
    assert stays == pytest.approx(1.0 + after / own, rel=1e-9)


def test_a_third_given_back_is_found(minutes):
    back, stays = reversal(minutes[0], minutes[1] * minutes[2])
    assert back > 0.0
    assert stays == pytest.approx(2.0 / 3.0, abs=0.1)


def test_the_permanent_share_of_no_measurable_impact_is_unknown():
    rng = np.random.default_rng(4)
    signed = rng.normal(size=390)
    r = rng.normal(size=390)
    r -= np.polyval(np.polyfit(signed[:-5], r[:-5], 1), signed)  # no slope at all
    back, stays = reversal(r, signed)
    assert np.isfinite(back)
    assert np.isnan(stays)


def test_glosten_harris_components_equal_statsmodels(minutes):
    r, sign, volume = minutes
    x = np.column_stack([np.diff(sign), (sign * volume / volume.mean())[1:]])
    np.testing.assert_allclose(
        glosten_harris(r, sign, volume), sm.OLS(r[1:], x).fit().params, rtol=1e-9
    )


def test_glosten_harris_finds_the_components_that_prices_were_made_of():
    rng = np.random.default_rng(6)
    sign = np.where(rng.random(20_000) < 0.5, -1.0, 1.0)
    volume = rng.lognormal(0.0, 0.5, 20_000)
    stays = 1.5 * sign * volume / volume.mean()
    price = np.cumsum(stays + rng.normal(0.0, 1.0, 20_000)) + 0.8 * sign
    found = glosten_harris(np.diff(price, prepend=0.0), sign, volume)
    np.testing.assert_allclose(found, [0.8, 1.5], atol=0.05)


def test_signs_that_never_turn_leave_no_components():
    volume = np.full(60, 5.0)
    assert np.isnan(glosten_harris(np.ones(60), np.ones(60), volume)).all()
    assert np.isnan(two_slopes(np.ones(9), np.arange(9.0), 2.0 * np.arange(9.0))).all()


def test_net_volume_fades_by_half_in_a_half_life():
    # Four minutes of a session of four; half-life: half a session, two minutes.
    net = np.array([16.0, 0.0, 8.0, 3.0])
    found = decayed_net(np.arange(4), net, 4, 0.5)
    assert found == pytest.approx(16.0 * 2.0**-1.5 + 8.0 * 2.0**-0.5 + 3.0)


def test_a_half_day_fades_as_a_whole_one():
    net = np.array([5.0, -2.0])
    long = decayed_net(np.array([194, 389]), net, 390, 1.0)
    short = decayed_net(np.array([104, 209]), net, 210, 1.0)
    assert long == pytest.approx(short, rel=1e-12)


def test_a_session_gives_its_fading_and_closing_net_volume_as_shares(minutes):
    r, _, volume = minutes
    close = 100.0 * np.exp(np.cumsum(r) / 1e4)
    found = session_flow(
        np.array([0, 390]), np.arange(390), np.full(390, 100.0), close, volume, np.array([390])
    )[:, 0]
    moves = np.diff(np.log(close), prepend=np.log(100.0))
    net = (2.0 * bulk_buy_shares(moves) - 1.0) * volume
    age = (389 - np.arange(390)) / 390
    for k, half_life in enumerate(HALF_LIVES):
        expected = (net * 2.0 ** (-age / half_life)).sum() / volume.sum()
        assert found[kernel.NET_HOUR + k] == pytest.approx(expected, rel=1e-9)
    assert found[kernel.NET_LAST] == pytest.approx(net[-30:].sum() / volume.sum(), rel=1e-9)
    assert found[kernel.VARIANCE] == pytest.approx((moves**2).sum(), rel=1e-12)


def test_a_line_without_variation_has_no_slope_and_a_flat_one_slope_zero():
    assert np.isnan(line(np.arange(5.0), np.ones(5))).all()
    slope, t, correlation = line(np.ones(5), np.arange(5.0))
    assert slope == 0.0
    assert np.isnan([t, correlation]).all()
    slope, t, correlation = line(2.0 * np.arange(5.0), np.arange(5.0))
    assert (slope, correlation) == (2.0, 1.0)
    assert np.isnan(t)  # a perfect line: no error to measure the slope in
