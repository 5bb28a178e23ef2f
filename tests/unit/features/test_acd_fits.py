"""ACD fits: a known process is found again, and only the past is read."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from engine.features import acd_fits
from engine.features.acd_fits import FITS_SCHEMA, MIN_SESSIONS, fit
from engine.features.duration.session import FIELDS, SHARES


def simulated(n: int, omega: float, alpha: float, beta: float, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    psi = omega / (1 - alpha - beta)
    x = np.empty(n)
    for i in range(n):
        x[i] = psi * rng.exponential()
        psi = omega + alpha * x[i] + beta * psi
    return x


@pytest.fixture(scope="module")
def bars(make_daily, make_panel):
    """190 sessions of the panel with volume bars that follow an ACD process."""
    panel = make_panel(make_daily("AAA", 190, 12))
    rng = np.random.default_rng(7)
    x = simulated(190 * 50, 0.05, 0.15, 0.80).reshape(190, 50)
    shares = x / x.sum(axis=1, keepdims=True)
    for name in FIELDS:
        values = shares[:, SHARES.index(name)] if name in SHARES else rng.uniform(size=190)
        panel = panel.append_column(name, pa.array(values))
    return panel


@pytest.fixture(scope="module")
def fits(bars):
    return acd_fits.acd_fits(bars)


@pytest.mark.parametrize(
    ("omega", "alpha", "beta"), [(0.05, 0.10, 0.85), (0.10, 0.20, 0.70), (0.5, 0.40, 0.10)]
)
def test_a_known_process_is_found_again(omega, alpha, beta):
    found = fit(simulated(20_000, omega, alpha, beta))
    assert found["is_converged"]
    assert found["alpha"] == pytest.approx(alpha, abs=0.02)
    assert found["beta"] == pytest.approx(beta, abs=0.04)
    assert found["omega"] == pytest.approx(omega, rel=0.2)


def test_no_other_parameters_are_likelier():
    x = simulated(2_000, 0.1, 0.15, 0.75, seed=3)
    found = fit(x)
    best = found["log_likelihood"]
    for shift in np.random.default_rng(4).normal(0.0, 0.02, (200, 3)):
        omega, alpha, beta = np.array([found[k] for k in ("omega", "alpha", "beta")]) + shift
        if omega > 0 and alpha >= 0 and beta >= 0:
            other = -acd_fits.likelihood(x, omega, alpha, beta)[0] * len(x)
            assert other <= best + 1e-6


def test_independent_durations_have_no_alpha():
    found = fit(np.random.default_rng(5).exponential(1.0, 6_000))
    assert found["is_converged"]
    assert found["alpha"] < 0.03


def test_the_unit_of_time_scales_omega_only():
    x = simulated(3_000, 0.05, 0.15, 0.80)
    one, sixty = fit(x), fit(60.0 * x)
    assert sixty["omega"] == pytest.approx(60.0 * one["omega"], rel=1e-3)
    assert sixty["alpha"] == pytest.approx(one["alpha"], abs=1e-4)
    assert sixty["beta"] == pytest.approx(one["beta"], abs=1e-3)


def test_a_quarter_is_fitted_on_the_sessions_before_it(bars, fits):
    assert fits.schema == FITS_SCHEMA
    rows = fits.to_pylist()
    assert [row["quarter_start"].isoformat() for row in rows] == ["2024-07-01", "2024-10-01"]
    for row in rows:
        assert row["fit_as_of"] < row["quarter_start"]
        # The first 20 sessions say what is usual.
        before = sum(day < row["quarter_start"] for day in bars["session_date"].to_pylist())
        assert row["sessions"] == min(before - 20, 126) >= MIN_SESSIONS


def test_what_comes_later_changes_no_fit(bars, fits):
    earlier = acd_fits.acd_fits(bars.slice(0, 130))
    assert earlier.num_rows == 2
    shared = fits.slice(0, 1)
    assert earlier.slice(0, 1).equals(shared)
    assert acd_fits.acd_fits(bars.slice(0, 120)).equals(shared)


def test_a_fit_with_unchanged_input_is_kept_and_not_fitted_again(bars, fits, monkeypatch):
    monkeypatch.setattr(acd_fits, "fit", lambda *_: pytest.fail("fitted again"))
    assert acd_fits.acd_fits(bars, fits).equals(fits)


def test_a_changed_session_is_fitted_again(bars, fits):
    place = bars.column_names.index(SHARES[3])
    share = bars[SHARES[3]].to_numpy().copy()
    share[40] *= 1.5
    changed = acd_fits.acd_fits(bars.set_column(place, SHARES[3], pa.array(share)), fits)
    assert not set(changed["input_hash"].to_pylist()) & set(fits["input_hash"].to_pylist())


def test_sessions_without_durations_are_not_fitted(bars):
    empty = pa.nulls(bars.num_rows, pa.float64())
    place = bars.column_names.index(SHARES[0])
    assert acd_fits.acd_fits(bars.set_column(place, SHARES[0], empty)).num_rows == 0


def test_a_fit_that_does_not_converge_has_no_parameters(monkeypatch):
    import scipy.optimize

    original = scipy.optimize.minimize

    def failing(*args, **kwargs):
        result = original(*args, **kwargs)
        result.success = False
        return result

    monkeypatch.setattr(scipy.optimize, "minimize", failing)
    found = fit(simulated(500, 0.05, 0.15, 0.80))
    assert found == {
        **dict.fromkeys(("omega", "alpha", "beta", "log_likelihood")),
        "is_converged": False,
    }
