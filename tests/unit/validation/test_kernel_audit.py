"""Every registered module passes the audits, and each audit catches what it is for."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from engine.errors import AuditError
from engine.features import registry
from engine.features.panel import Bars, Floats
from engine.features.registry import Family, Module
from engine.kernels import window
from engine.validation.audit_bars import random_bars, random_market
from engine.validation.column_audit import Finding
from engine.validation.kernel_audit import audit_catalog, audit_entry, differing_bits

FEW = 420  # bars for modules whose lookback is short
WINDOW = 20


def lagged(x: Floats, k: int) -> Floats:
    out = np.full(len(x), np.nan)
    out[k:] = x[:-k] if k > 0 else x
    return out


def returns(bars: Bars) -> Floats:
    return np.log(bars.close / lagged(bars.close, 1))


def honest(bars: Bars) -> Floats:
    """Mean return of the last WINDOW - 1 bars: a window of WINDOW closes."""
    out: Floats = window.mean_std(returns(bars), WINDOW - 1)[0]
    return out


def module_of(compute, lookback: int = WINDOW, **changes) -> Module:
    """Return a module, not registered, with one family a column that `compute` returns."""
    names = tuple(compute(random_bars("SPY", 64)))
    families = tuple(
        Family(
            pattern=name,
            formula="for this test",
            units="none",
            source="none",
            inputs=("close",),
            engine="kernel",
            oracle="none",
            lookback=lambda w: lookback,
            **(changes.get(name) or {}),
        )
        for name in names
    )
    features = tuple(registry.expand("trial", "daily", families))
    return Module("trial", "daily", "Trial", features, SimpleNamespace(compute=compute))


def audit(compute, **changes) -> tuple[Finding, ...]:
    bars = [random_bars(symbol, FEW, seed) for seed, symbol in enumerate(("SPY", "TLT"))]
    return audit_entry(module_of(compute, **changes), bars).findings


def checks(findings: tuple[Finding, ...]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for finding in findings:
        found.setdefault(finding.column, set()).add(finding.check)
    return found


def with_honest(**columns):
    """Return a compute function with an honest column, and others that each do one thing."""
    return lambda bars: (
        {"honest": honest(bars)} | {name: make(bars) for name, make in columns.items()}
    )


def test_every_registered_module_passes_on_long_daily_bars():
    bars = [random_bars(symbol, 2700, seed) for seed, symbol in enumerate(("SPY", "TLT"))]
    audits = audit_catalog(bars)
    assert {audit.module for audit in audits} >= {"raw", "entropy", "catalog"}
    findings = [str(finding) for audit in audits for finding in audit.findings]
    assert not findings, "\n".join(findings)


def test_every_market_wide_module_passes_on_a_whole_universe():
    audits = audit_catalog([random_market(1000, 1)], scope="cross")
    assert {audit.module for audit in audits} >= {"cross_asset", "sector_regime", "catalog"}
    findings = [str(finding) for audit in audits for finding in audit.findings]
    assert not findings, "\n".join(findings)


def test_an_honest_window_passes():
    assert audit(with_honest()) == ()


def test_tomorrows_return_is_caught():
    def tomorrow(bars: Bars) -> Floats:
        return np.append(returns(bars)[1:], np.nan)

    assert checks(audit(with_honest(tomorrow=tomorrow)))["tomorrow"] >= {"future"}


def test_a_statistic_of_the_whole_series_is_caught():
    def standardised(bars: Bars) -> Floats:
        r = returns(bars)
        with np.errstate(invalid="ignore"):
            return (r - np.nanmean(r)) / np.nanstd(r)

    found = checks(audit(with_honest(standardised=standardised)))
    assert found["standardised"] >= {"future", "start"}
    assert "honest" not in found


def test_a_lookback_longer_than_declared_is_caught():
    def longer(bars: Bars) -> Floats:
        return window.mean_std(returns(bars), WINDOW)[0]

    assert checks(audit(with_honest(longer=longer))) == {
        "longer": {"start", "append", "missing_bar"}
    }


def test_a_running_sum_is_caught_by_its_bits():
    def running(bars: Bars) -> Floats:
        total = np.nancumsum(returns(bars))
        return (total - lagged(total, WINDOW - 1)) / (WINDOW - 1)

    found = checks(audit(with_honest(running=running)))
    assert found["running"] >= {"start"}


def test_a_value_carried_over_a_missing_bar_is_caught():
    def carried(bars: Bars) -> Floats:
        close = bars.close.copy()
        for row in range(1, len(close)):
            if np.isnan(close[row]):
                close[row] = close[row - 1]
        # cumulative position of the gap: everything after it counts one bar less
        return np.cumsum(~np.isnan(bars.close)) % 7 + 0.0 * close

    assert "missing_bar" in checks(audit(with_honest(carried=carried)))["carried"]


def test_a_missing_bar_that_reaches_back_is_caught():
    def backfilled(bars: Bars) -> Floats:
        out = bars.close.copy()
        gaps = np.flatnonzero(np.isnan(out))
        out[gaps - 1] = 0.0
        return out

    assert "missing_bar" in checks(audit(with_honest(backfilled=backfilled)))["backfilled"]


def test_a_division_that_is_not_safe_is_caught():
    def over_volume(bars: Bars) -> Floats:
        return 1.0 / (bars.volume + 1e-12)

    def over_range(bars: Bars) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            return (bars.open - bars.low + 1.0) / (bars.high - bars.low)

    found = checks(audit(with_honest(over_volume=over_volume, over_range=over_range), lookback=1))
    assert found["over_volume"] == {"blow_up"}
    assert found["over_range"] == {"blow_up"}


def test_a_cancellation_on_prices_that_barely_move_is_caught():
    def stillness(bars: Bars) -> Floats:
        deviation = window.mean_std(returns(bars), WINDOW - 1)[1]
        with np.errstate(divide="ignore"):
            return np.where(deviation > 0.0, 1.0 / deviation, 0.0)

    found = checks(audit(with_honest(stillness=stillness)))
    assert found["stillness"] == {"blow_up"}


def test_a_column_without_a_value_is_caught():
    def nothing(bars: Bars) -> Floats:
        return np.full(len(bars), np.nan)

    assert checks(audit(with_honest(nothing=nothing))) == {"nothing": {"empty"}}


def test_a_near_duplicate_is_caught_unless_it_is_declared():
    def monotone(bars: Bars) -> Floats:
        return np.exp(50.0 * honest(bars))

    both = with_honest(monotone=monotone)
    (found,) = audit(both)
    assert (found.check, found.column, found.other) == ("near_duplicate", "honest", "monotone")
    assert audit(both, monotone={"near_duplicates": ("hon*",)}) == ()
    assert audit(both, honest={"near_duplicates": ("monotone",)}) == ()
    assert audit(both, monotone={"twin_of": "honest"}) == ()
    assert audit(both, monotone={"twin_of": "something_else"}) != ()


def test_an_opposite_is_a_near_duplicate_too():
    (found,) = audit(with_honest(negative=lambda bars: -honest(bars)))
    assert (found.check, found.other) == ("near_duplicate", "negative")


def test_too_few_bars_are_refused_rather_than_passed():
    with pytest.raises(AuditError, match="has 64 bars"):
        audit_entry(module_of(with_honest()), [random_bars("SPY", 64)])


def test_a_failed_audit_raises_with_what_was_found():
    bars = [random_bars("SPY", FEW)]
    result = audit_entry(module_of(with_honest(negative=lambda b: -honest(b))), bars)
    with pytest.raises(AuditError, match=r"near_duplicate: trial\.honest"):
        result.require_passed()


def test_bits_differ_by_sign_of_zero_and_last_place_but_not_between_nans():
    a = np.array([0.0, 1.0, np.nan, np.nan, 2.0])
    b = np.array([-0.0, np.nextafter(1.0, 2.0), np.nan, 1.0, 2.0])
    assert differing_bits(a, b).tolist() == [True, True, False, True, False]
