"""Chart builders: options that ECharts can draw, in the theme's colours."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from app import theme
from app.charts import bars, chain, distribution, heat, price, regime

CANDLES = pa.table(
    {
        "at": ["2026-01-05", "2026-01-06"],
        "open": [1.0, 2.0],
        "close": [2.0, 1.5],
        "low": [0.5, 1.0],
        "high": [2.5, 2.5],
        "volume": [10.0, 20.0],
        "last": [0.1, None],
        "lowest": [0.1, None],
        "spread": [0.0, None],
    }
)
CELLS = pa.table({"period": ["2026-01"], "symbol": ["AAA"], "amount": [0.5]})
DAYS = pa.table(
    {"day": ["2026-01-05"], "state": [0], "minutes": [390], "expected": [390], "option_rows": [0]}
)

TILES = pa.table(
    {"place": [0, 1], "line": [0, 0], "class": [0, 1], "feature": ["f", "g"], "what": ["a", "b"]}
)
LEVELS = pa.table({"period": ["2026-01-05"], "label": ["AAA"], "amount": [-0.5]})
MATRIX = pa.table({"column": ["x"], "row": ["AAA"], "amount": [0.5], "text": ["50%"]})
BOXES = pa.table(
    {
        "place": [0],
        "group": ["UP"],
        **{name: [float(i)] for i, name in enumerate(("low", "q1", "median", "q3", "high"))},
    }
)
REGIMES = CANDLES.select(["at", "open", "close", "low", "high"])
for name, values in {
    "regime": ["UP", None],
    "s0": [None, None],
    "s1": [1, None],
    "p_low": [0.2, None],
    "p_mid": [0.3, None],
    "p_high": [0.5, None],
}.items():
    REGIMES = REGIMES.append_column(name, pa.array(values))

OPTIONS = {
    "price": price.price(CANDLES),
    "price_with_feature": price.price_with_feature(CANDLES, "f", is_reduced=True),
    "ranked": bars.ranked([("a", 2.0), ("b", 1.0)]),
    "ranked_log": bars.ranked([("a", 2.0)], is_log=True),
    "stacked": bars.stacked(["x"], {"a": [1]}, {"a": theme.UP}),
    "signed": bars.signed(["1", "2"], [0.5, None], 0.1),
    "correlations": bars.correlations([("a", -0.5)]),
    "cells": heat.cells(CELLS, ["2026-01"], ["AAA"], most=1, is_share=True),
    "calendar": heat.calendar(DAYS, [2025, 2026]),
    "tiles": heat.tiles(TILES, ["raw"], [("a", theme.UP), ("b", theme.DOWN)]),
    "levels": heat.levels(LEVELS, ["2026-01-05"], ["AAA"], (-1.0, 1.0), "sigma"),
    "matrix": heat.matrix(MATRIX, ["x"], ["AAA"], tip="{@text}"),
    "boxes": distribution.boxes(BOXES, [theme.UP], "bits"),
    "regimes": regime.price_with_regimes(REGIMES, ["DOWN", "UP"], with_probabilities=True),
    "histogram": distribution.histogram([0.0, 0.5], [3, 4], "bits"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_is_plain_json_beside_its_dataset(name):
    option = {key: value for key, value in OPTIONS[name].items() if key != "dataset"}
    text = json.dumps(option, allow_nan=False)
    assert "http" not in text


@pytest.mark.parametrize("name", OPTIONS)
def test_every_encoded_column_is_in_the_dataset(name):
    option = OPTIONS[name]
    for series in option["series"]:
        encoded = series.get("encode")
        assert (encoded is not None) == ("dataset" in option)
        for wanted in (encoded or {}).values():
            for column in [wanted] if isinstance(wanted, str) else wanted:
                assert column in option["dataset"]["source"].column_names


@pytest.mark.parametrize("name", ["price", "price_with_feature", "regimes"])
def test_stacked_grids_share_sides_and_zoom(name):
    option = OPTIONS[name]
    assert len({(grid["left"], grid["right"]) for grid in option["grid"]}) == 1
    assert option["dataZoom"][0]["xAxisIndex"] == [0, 1]


def test_candles_are_coloured_by_the_pair_of_the_theme():
    style = OPTIONS["price"]["series"][0]["itemStyle"]
    assert (style["color"], style["color0"]) == (theme.UP, theme.DOWN)
    assert OPTIONS["price"]["series"][0]["encode"]["y"] == ["open", "close", "low", "high"]


def test_the_band_of_a_feature_is_drawn_only_when_reduced():
    plain = price.price_with_feature(CANDLES, "f", is_reduced=False)
    assert [one["name"] for one in plain["series"]] == ["price", "f"]
    assert len(OPTIONS["price_with_feature"]["series"]) == 4


def test_signs_have_the_colours_of_up_and_down():
    data = bars.signed(["1", "2"], [0.5, -0.5], 0.1)["series"][0]["data"]
    assert [one["itemStyle"]["color"] for one in data] == [theme.UP, theme.DOWN]


def test_a_calendar_has_a_row_for_each_year():
    option = OPTIONS["calendar"]
    assert [one["range"] for one in option["calendar"]] == ["2025", "2026"]
    assert [one["calendarIndex"] for one in option["series"]] == [0, 1]
    tops = [one["top"] for one in option["calendar"]]
    assert tops[1] - tops[0] == heat.CALENDAR_YEAR


def test_bins_around_zero_are_labelled_without_noise():
    edges = [-0.3, -0.1, 1e-17, 0.1, 0.3]
    labels = distribution.histogram(edges, [1] * 5, "x")["xAxis"]["data"]
    assert labels == ["-0.300", "-0.100", "0.000", "0.100", "0.300"]
    assert distribution.histogram([5.0], [3], "x")["xAxis"]["data"] == ["5"]


def test_a_regime_has_one_colour_everywhere():
    names = ["DOWN", "UP"]
    assert regime.colours(names) == {"DOWN": theme.WARN, "UP": theme.BLUE}
    assert regime.colours(["PAUSE"])["PAUSE"] == theme.DOWN
    assert regime.colours(["odd"]) == {"odd": theme.SERIES[0]}
    bands = [one for one in OPTIONS["regimes"]["series"] if one["type"] == "bar"]
    assert {one["name"]: one["itemStyle"]["color"] for one in bands} == regime.colours(names)
    assert (regime.badge("PAUSE"), regime.badge(None), regime.badge("odd")) == (
        "red",
        "gray",
        "gray",
    )


def test_probabilities_of_states_are_stacked_below_the_price():
    without = regime.price_with_regimes(REGIMES, ["DOWN", "UP"], with_probabilities=False)
    assert len(without["grid"]) == 1
    areas = [one for one in OPTIONS["regimes"]["series"] if one.get("stack") == "probability"]
    assert [one["encode"]["y"] for one in areas] == ["p_low", "p_mid", "p_high"]
    assert [one["name"] for one in without["series"]] == ["DOWN", "UP", "price"]


def test_levels_have_two_sides_only_where_there_are_two():
    two = OPTIONS["levels"]["visualMap"]["inRange"]["color"]
    one = heat.levels(LEVELS, [], [], (0.0, 1.0), "[0,1]")["visualMap"]
    assert two == list(theme.DIVERGING)
    assert one["inRange"]["color"] == list(theme.SEQUENTIAL)
    assert one["text"] == ["1", "0"]


# -- chains ----------------------------------------------------------------------------------


def smile_rows() -> tuple[pa.Table, pa.Table]:
    strikes = [90.0, 100.0, 110.0]
    points = pa.table(
        {
            "strike": strikes,
            "moneyness": strikes,
            "kind": ["put", "call", "call"],
            "iv": [24.0, 20.0, 19.0],
        }
    )
    curve = pa.table(
        {
            "strike": [80.0, *strikes, 140.0],
            "moneyness": [80.0, *strikes, 140.0],
            "fit": [None, 24.0, 20.0, 19.0, None],
            "beyond": [60.0, None, None, None, 45.0],
        }
    )
    return points, curve


def test_the_wings_of_a_smile_do_not_flatten_its_points():
    points, curve = smile_rows()
    spec = chain.smile(points, curve, by_moneyness=False, forward=101.0)
    assert spec["yAxis"]["max"] < 30  # the curve goes to 60 where there is no point
    assert spec["xAxis"]["min"] <= 80
    assert spec["xAxis"]["max"] >= 140
    assert [dataset["source"].num_rows for dataset in spec["dataset"]] == [3, 5, 1, 2]
    json.dumps([spec["xAxis"], spec["yAxis"], spec["legend"]])


def test_an_expiry_without_points_is_seen_by_its_borrowed_curve():
    points, curve = smile_rows()
    borrowed = curve.set_column(2, "fit", pa.array([None] * 5, pa.float64()))
    spec = chain.smile(points.slice(0, 0), borrowed, by_moneyness=True, forward=101.0)
    assert spec["yAxis"]["max"] >= 60


def test_marks_of_a_contract_are_a_series_for_each_source():
    rows = pa.table(
        {
            "at": ["2026-01-05", "2026-01-06", "2026-01-07"],
            "mark": [1.0, 1.1, None],
            "mark_source": ["quote_mid", "surface", None],
            "bid": [0.9, 0.0, None],
            "ask": [1.1, 1.2, None],
            "iv": [20.0, 21.0, None],
            "spot": [100.0, 101.0, 102.0],
        }
    )
    spec = chain.contract(rows)
    assert spec["legend"]["data"] == ["quote", "own smile"]
    drawn = spec["dataset"]["source"]
    assert drawn["quote"].to_pylist() == [1.0, None, None]
    assert drawn["own smile"].to_pylist() == [None, 1.1, None]


def test_lines_that_are_out_of_sight_are_left_out():
    rows = pa.table({"strike": [90.0, 100.0], "calls": [1.0, 2.0], "puts": [-1.0, -2.0]})
    spec = chain.gamma_profile(rows, [(95.0, "spot"), (None, "flip")], ("calls", "puts"))
    (line,) = spec["series"][0]["markLine"]["data"]
    assert (line["xAxis"], line["label"]["formatter"]) == (95.0, "spot")


@pytest.mark.parametrize("degrees", [-80, -32, 0, 40, 80])
def test_a_net_stays_in_sight_however_it_is_turned(degrees):
    heights = [[20.0, 18.0, None], [30.0, 25.0, 22.0]]
    spec = chain.turned(heights, ["25Δ put", "at forward", "25Δ call"], ["7 days", "30"], degrees)
    for series in spec["series"]:
        for point in series["data"]:
            x, y = point["value"] if isinstance(point, dict) else point
            if x is not None:
                assert spec["xAxis"]["min"] < x < spec["xAxis"]["max"]
                assert spec["yAxis"]["min"] < y < spec["yAxis"]["max"]
    assert [None, None] in spec["series"][1]["data"]
