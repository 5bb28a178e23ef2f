"""Quarterly fits: on the past only, cached by their input, better with more freedom."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from arch import arch_model

from engine.features import garch_fits
from engine.features.garch_fits import FITS_SCHEMA, MIN_OBS, fit, quarter_starts


def simulated(n, omega, alpha, gamma, beta, seed=3):
    """A GJR process with known parameters."""
    rng = np.random.default_rng(seed)
    variance = omega / (1 - alpha - gamma / 2 - beta)
    r = np.empty(n)
    for i in range(n):
        r[i] = np.sqrt(variance) * rng.normal()
        variance = omega + (alpha + gamma * (r[i] < 0)) * r[i] ** 2 + beta * variance
    return r


@pytest.fixture(scope="module")
def panel(make_daily, make_panel):
    return make_panel(make_daily("AAA", 420, 11))


@pytest.fixture(scope="module")
def fits(panel):
    return garch_fits.garch_fits(panel)


def test_a_quarter_begins_on_the_first_day_of_its_first_month():
    days = np.array(["2024-01-01", "2024-03-31", "2024-05-02", "2024-12-31"], "datetime64[D]")
    expected = ["2024-01-01", "2024-01-01", "2024-04-01", "2024-10-01"]
    assert quarter_starts(days).astype(str).tolist() == expected


def test_a_known_process_is_found_again():
    found = fit(simulated(20_000, 2e-6, 0.03, 0.10, 0.88))["gjr"]
    assert found["alpha"] == pytest.approx(0.03, abs=0.01)
    assert found["gamma"] == pytest.approx(0.10, abs=0.02)
    assert found["beta"] == pytest.approx(0.88, abs=0.02)
    assert found["omega"] == pytest.approx(2e-6, rel=0.3)


def test_fit_reaches_the_likelihood_of_the_library():
    returns = simulated(600, 2e-6, 0.05, 0.0, 0.9)
    model = arch_model(100 * returns, mean="Zero", vol="GARCH", p=1, q=1, rescale=False)
    found = fit(returns)["garch"]
    assert found["gamma"] == 0.0
    assert found["log_likelihood"] == pytest.approx(model.fit(disp="off").loglikelihood, abs=1e-6)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_gjr_is_never_less_likely_than_the_garch_it_contains(seed):
    noise = np.random.default_rng(seed).standard_t(5, 300) * 0.01  # no GARCH in it: hard to fit
    found = fit(noise)
    assert found["gjr"]["log_likelihood"] >= found["garch"]["log_likelihood"] - 1e-9


def test_gjr_reaches_the_likelihood_that_the_library_finds_from_its_own_start():
    returns = simulated(800, 2e-6, 0.03, 0.10, 0.85)
    model = arch_model(100 * returns, mean="Zero", vol="GARCH", p=1, o=1, q=1, rescale=False)
    library = model.fit(disp="off").loglikelihood
    assert fit(returns)["gjr"]["log_likelihood"] == pytest.approx(library, abs=1e-4)


def test_a_quarter_is_fitted_on_the_returns_before_it(panel, fits):
    assert fits.schema == FITS_SCHEMA
    for row in fits.to_pylist():
        assert row["fit_as_of"] < row["quarter_start"]
        assert row["observations"] >= MIN_OBS
    # 420 bars: the last two quarters of 2024 have 250 returns before them.
    assert sorted(set(fits["quarter_start"].to_pylist()))[-1].isoformat() == "2024-10-01"
    first = min(fits["quarter_start"].to_pylist())
    before = sum(day < first for day in panel["session_date"].to_pylist())
    assert before - 1 >= MIN_OBS


def test_what_comes_later_changes_no_fit(panel, fits):
    earlier = garch_fits.garch_fits(panel.slice(0, 380))
    shared = fits.slice(0, earlier.num_rows)
    assert earlier.equals(shared)


def test_a_fit_with_unchanged_input_is_kept_and_not_fitted_again(panel, fits, monkeypatch):
    monkeypatch.setattr(garch_fits, "fit", lambda *_: pytest.fail("fitted again"))
    assert garch_fits.garch_fits(panel, fits).equals(fits)


def test_a_changed_return_is_fitted_again(panel, fits):
    close = panel["close"].to_numpy().copy()
    close[100] *= 1.01
    changed = panel.set_column(panel.column_names.index("close"), "close", [pa.array(close)])
    got = garch_fits.garch_fits(changed, fits)
    assert not set(got["input_hash"].to_pylist()) & set(fits["input_hash"].to_pylist())
    assert got.equals(garch_fits.garch_fits(changed))


def test_dead_prices_are_not_fitted(make_daily, make_panel):
    daily = make_daily("AAA", 420, 11)
    flat = pa.array(np.full(420, 10.0))
    for name in ("open", "high", "low", "close"):
        daily = daily.set_column(daily.column_names.index(name), name, [flat])
    assert garch_fits.garch_fits(make_panel(daily)).num_rows == 0
