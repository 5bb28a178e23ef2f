"""What every raw column must survive: cuts, holes, flat bars, bars without volume."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt

import numpy as np
import pytest

from engine.features import assemble, registry
from engine.features.panel import Bars
from engine.features.raw.session import FIELDS
from engine.settings import project_root

FEATURES = {
    f.name: f for f in registry.module("raw").features if f.family.engine in ("kernel", "fit")
}
ARRAYS = [
    f.name
    for f in dataclasses.fields(Bars)
    if f.name not in ("symbol", "periods_per_year", "extra")
]


def change(bars, function):
    """Apply a function to every array of the bars."""
    return dataclasses.replace(
        bars,
        **{name: function(getattr(bars, name)) for name in ARRAYS},
        extra={name: function(values) for name, values in bars.extra.items()},
    )


def put(bars, where, **values):
    """Overwrite fields at some bars."""
    fields = {name: getattr(bars, name).copy() for name in values}
    for name, value in values.items():
        fields[name][where] = value
    return dataclasses.replace(bars, **fields)


@pytest.fixture(scope="module")
def cut_start(case):
    return assemble.compute("raw", change(case.bars, lambda x: x[60:]))


@pytest.fixture(scope="module")
def cut_end(case):
    return assemble.compute("raw", change(case.bars, lambda x: x[:1500]))


@pytest.fixture(scope="module")
def holed(case):
    prices = [n for n in ARRAYS if n != "time"]
    bars = put(case.bars, [60], **dict.fromkeys(prices, np.nan))
    extra = {name: values.copy() for name, values in bars.extra.items()}
    for name in FIELDS:
        extra[name][60] = np.nan
    return assemble.compute("raw", dataclasses.replace(bars, extra=extra))


@pytest.fixture(scope="module")
def dead_bars(case):
    """Thirty bars that do not move, without volume, then one alone, then one flat with volume."""
    bars = case.bars
    dead = np.r_[1000:1030, 1200, 1400]
    price = bars.close[999]
    bars = put(
        bars,
        np.r_[1000:1030],
        **dict.fromkeys(("open", "high", "low", "close", "raw_close", "vwap"), price),
    )
    for t in (1200, 1400):
        flat = dict.fromkeys(("open", "high", "low", "close", "raw_close", "vwap"), bars.close[t])
        bars = put(bars, [t], **flat)
    empty = dict.fromkeys(("volume", "raw_volume", "dollar_volume", "transactions"), 0.0)
    return dead, assemble.compute("raw", put(bars, dead[:-1], **empty))


def test_the_module_has_every_column_of_the_design_in_its_order():
    catalog = project_root().parent / "shared" / "design" / "feature_catalog.csv"
    if not catalog.is_file():
        pytest.skip(f"the design's catalog is not beside the checkout ({catalog})")
    with catalog.open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if (r["scope"], r["module"]) == ("daily", "raw")]
    design = [row["name"] for row in rows]
    assert len(design) == 194
    assert [name for name in registry.module("raw").columns if name in design] == design


@pytest.mark.parametrize("name", FEATURES)
def test_a_value_appears_after_min_obs_bars_and_stays(case, name):
    there = ~np.isnan(case.raw[name])
    first = FEATURES[name].min_obs - 1
    assert np.flatnonzero(there)[0] == first
    # Clean bars leave at most one in a hundred undefined (a gap too small to be filled).
    assert there[first:].mean() > 0.99


@pytest.mark.parametrize("name", FEATURES)
def test_a_value_depends_on_nothing_before_its_lookback(case, cut_start, name):
    warm = FEATURES[name].lookback - 1
    assert np.array_equal(cut_start[name][warm:], case.raw[name][60 + warm :], equal_nan=True)
    assert len(cut_start[name]) > warm


@pytest.mark.parametrize("name", FEATURES)
def test_a_value_depends_on_nothing_after_its_bar(case, cut_end, name):
    assert np.array_equal(cut_end[name], case.raw[name][:1500], equal_nan=True)


@pytest.mark.parametrize("name", FEATURES)
def test_a_missing_bar_has_no_value_and_is_forgotten_after_the_lookback(case, holed, name):
    assert np.isnan(holed[name][60])
    assert np.array_equal(holed[name][:60], case.raw[name][:60], equal_nan=True)
    clean = 60 + FEATURES[name].lookback
    assert np.array_equal(holed[name][clean:], case.raw[name][clean:], equal_nan=True)
    assert clean < len(holed[name])


WINDOWED = [
    name
    for name, f in FEATURES.items()
    if f.sizes
    and name.startswith(("raw_ret_", "raw_vol_cc", "raw_range_mean", "raw_r2", "raw_rv_"))
]


@pytest.mark.parametrize("name", WINDOWED)
def test_a_window_with_a_missing_bar_is_unknown_and_the_next_is_exact(case, holed, name):
    after = 60 + FEATURES[name].lookback
    assert np.isnan(holed[name][60:after]).all()
    assert holed[name][after] == case.raw[name][after]


@pytest.mark.parametrize("name", FEATURES)
def test_dead_bars_never_blow_a_column_up(case, dead_bars, name):
    _, raw = dead_bars
    values = raw[name][~np.isnan(raw[name])]
    assert np.isfinite(values).all()
    usual = np.nanmax(np.abs(case.raw[name]))
    # A trend that stops, or a first bar after silence, is unusual; 1e6 would be a blow-up.
    assert np.abs(values).max() < 30.0 * usual + 30.0


def test_a_flat_bar_has_no_shape_and_a_bar_without_volume_no_relative_volume(dead_bars):
    dead, raw = dead_bars
    for name in ("raw_body_1", "raw_uppershadow_1", "raw_lowershadow_1", "raw_clv_1"):
        assert np.isnan(raw[name][dead]).all()
    assert np.isnan(raw["raw_volumerel_5"][dead[:-1]]).all()
    assert np.isnan(raw["raw_vwapdist_1"][dead[:-1]]).all()
    assert (raw["raw_ret_1"][1001:1030] == 0.0).all()


def test_one_flat_bar_does_not_blank_the_mean_shapes_around_it(dead_bars):
    _, raw = dead_bars
    for name in ("raw_body_mean_5", "raw_clv_mean_20"):
        assert not np.isnan(raw[name][1400:1425]).any()


def test_a_dividend_in_the_past_changes_no_row_before_it(make_daily, make_bars):
    daily = make_daily("AAA", 400, 11)
    row = {
        "symbol": "AAA",
        "ex_date": daily["session_date"].to_pylist()[300],
        "amount": 1.0,
        "source": "sim",
        "known_at": dt.datetime(2000, 1, 1, tzinfo=dt.UTC),
    }
    plain = assemble.compute("raw", make_bars(daily))
    paid = assemble.compute("raw", make_bars(daily, dividends=[row]))
    for name, values in plain.items():
        assert np.array_equal(paid[name][:300], values[:300], equal_nan=True), name
    assert paid["raw_ret_1"][300] > plain["raw_ret_1"][300]


def test_prices_in_other_units_leave_relative_columns_as_they_are(case):
    scale = ("open", "high", "low", "close", "raw_close", "vwap", "dollar_volume")
    bars = dataclasses.replace(
        case.bars, **{name: getattr(case.bars, name) * 8.0 for name in scale}
    )
    scaled = assemble.compute("raw", bars)
    for name, values in case.raw.items():
        if name == "raw_dollarvolume_20":
            np.testing.assert_allclose(scaled[name], values + np.log(8.0), rtol=1e-12)
        else:
            np.testing.assert_allclose(scaled[name], values, rtol=1e-6, atol=1e-8, err_msg=name)
