from __future__ import annotations

import math

import numpy as np
import pytest

from engine.kernels import black


def test_put_on_a_future_equals_haug_s_example() -> None:
    put = math.exp(-0.10 * 0.75) * black.price(19.0, 19.0, 0.28 * math.sqrt(0.75), False)
    assert put == pytest.approx(1.701051, abs=5e-7)


@pytest.mark.parametrize(
    ("spot", "strike", "rate", "carry", "years", "vol", "is_call", "value"),
    [
        (60.0, 65.0, 0.08, 0.08, 0.25, 0.30, True, 2.133368),
        (100.0, 95.0, 0.10, 0.05, 0.50, 0.20, False, 2.464788),
        (42.0, 40.0, 0.10, 0.10, 0.50, 0.20, True, 4.759422),
        (42.0, 40.0, 0.10, 0.10, 0.50, 0.20, False, 0.808599),
    ],
)
def test_spot_options_equal_published_values(
    spot: float,
    strike: float,
    rate: float,
    carry: float,
    years: float,
    vol: float,
    is_call: bool,
    value: float,
) -> None:
    """Haug (2007) and Hull: carry is the rate less the dividend yield."""
    forward = spot * math.exp(carry * years)
    priced = math.exp(-rate * years) * black.price(forward, strike, vol * math.sqrt(years), is_call)
    assert priced == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(("is_call", "value"), [(True, 0.594629), (False, -0.356601)])
def test_deltas_equal_haug_s_example(is_call: bool, value: float) -> None:
    stdev = 0.36 * math.sqrt(0.5)
    ours = math.exp(-0.10 * 0.5) * black.delta(105.0, 100.0, stdev, is_call)
    assert ours == pytest.approx(value, abs=1e-6)


def test_calls_less_puts_are_the_forward_less_the_strike() -> None:
    strikes = np.linspace(20.0, 300.0, 57)
    calls, puts = (black.price(100.0, strikes, 0.4, side) for side in (True, False))
    np.testing.assert_allclose(calls - puts, 100.0 - strikes, atol=1e-12)


@pytest.mark.parametrize("stdev", [0.003, 0.02, 0.2, 1.0, 3.0])
def test_implied_stdev_inverts_the_price(stdev: float) -> None:
    strikes = np.linspace(30.0, 400.0, 200)
    otm = np.where(
        strikes >= 100.0,
        black.price(100.0, strikes, stdev, True),
        black.price(100.0, strikes, stdev, False),
    )
    can = otm > 1e-250
    assert can.any()
    for solved in (
        black.implied_stdev(100.0, strikes, otm),
        black.implied_stdev_sorted(np.full(200, 100.0), strikes, otm),
    ):
        np.testing.assert_allclose(solved[can], stdev, rtol=1e-11)


@pytest.mark.parametrize("impossible", [0.0, -1.0, 100.0, 120.0, math.nan])
def test_impossible_prices_have_no_volatility(impossible: float) -> None:
    assert math.isnan(black.implied_stdev(100.0, 110.0, impossible))


def test_cosine_prices_of_a_normal_density_are_black_s() -> None:
    """The log return's characteristic function is that of Black-76."""
    terms, wide, variance = 160, 4.0, 0.04
    u = np.arange(terms) * np.pi / wide
    phi = np.exp(-0.5 * variance * (u * u + 1j * u))
    density = (phi * np.exp(0.5j * u * wide)).real[None]
    density[:, 0] *= 0.5
    strikes = np.linspace(60.0, 170.0, 111)
    series = np.zeros(len(strikes), np.int64)
    expected = np.where(
        strikes >= 100.0,
        black.price(100.0, strikes, 0.2, True),
        black.price(100.0, strikes, 0.2, False),
    )
    for by_parity in (False, True):
        priced = black.cosine_otm(
            density, np.array([wide]), np.array([100.0]), np.array([by_parity]), series, strikes
        )
        np.testing.assert_allclose(priced, expected, atol=1e-11)
