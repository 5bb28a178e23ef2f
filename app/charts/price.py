"""Candles with volume below them, and candles with a feature below them on one time axis."""

from __future__ import annotations

import pyarrow as pa

from app import theme
from app.charts.parts import Option, category, named, tooltip, value

# Equal sides, kept as they are, so that the times of stacked grids line up.
SIDES: Option = {"left": 62, "right": 14, "outerBoundsMode": "none"}

CANDLE: Option = {
    "type": "candlestick",
    "name": "price",
    "itemStyle": {
        "color": theme.UP,
        "color0": theme.DOWN,
        "borderColor": theme.UP,
        "borderColor0": theme.DOWN,
        "borderColorDoji": theme.MUTED,
    },
    "barMaxWidth": 9,
    "encode": {
        "x": "at",
        "y": ["open", "close", "low", "high"],
        "tooltip": ["open", "close", "low", "high"],
    },
}


def price(bars: pa.Table) -> Option:
    """Return candles over volume.

    Parameters
    ----------
    bars
        at, open, close, low, high, volume; see `app.queries.prices.bars`.
    """
    return {
        "animation": False,
        "dataset": {"source": bars},
        "tooltip": tooltip(axisPointer={"type": "cross", "label": {"show": False}}),
        "axisPointer": {"link": [{"xAxisIndex": "all"}]},
        "grid": [
            {**SIDES, "top": 14, "bottom": "27%"},
            {**SIDES, "top": "79%", "bottom": 8},
        ],
        "xAxis": [
            category(gridIndex=0, boundaryGap=True),
            category(gridIndex=1, boundaryGap=True, axisLabel={"show": False}),
        ],
        "yAxis": [
            value(gridIndex=0, scale=True, splitNumber=5),
            value(
                gridIndex=1,
                splitNumber=1,
                axisLabel={"show": False},
                splitLine={"show": False},
            ),
        ],
        "dataZoom": [{"type": "inside", "xAxisIndex": [0, 1]}],
        "series": [
            {**CANDLE, "xAxisIndex": 0, "yAxisIndex": 0},
            {
                "type": "bar",
                "name": "volume",
                "xAxisIndex": 1,
                "yAxisIndex": 1,
                "barMaxWidth": 9,
                "itemStyle": {"color": theme.BLUE, "opacity": 0.55},
                "encode": {"x": "at", "y": "volume", "tooltip": ["volume"]},
                "tooltip": {"valueFormatter": "compact"},
            },
        ],
    }


def price_with_feature(
    rows: pa.Table, feature: str, *, is_reduced: bool, units: str = ""
) -> Option:
    """Return candles over the line of a feature.

    Parameters
    ----------
    rows
        at, open, close, low, high and the feature's last, lowest and spread (highest less
        lowest) in the same bucket; see `app.queries.features.series`.
    feature
        Its name.
    is_reduced
        Buckets hold more than one session: show how far the feature reached in each.
    units
        Of the feature.
    """
    below = {"xAxisIndex": 1, "yAxisIndex": 1, "type": "line", "symbol": "none"}
    band: list[Option] = [
        {
            **below,
            "name": "lowest",
            "stack": "band",
            "stackStrategy": "all",
            "lineStyle": {"opacity": 0},
            "encode": {"x": "at", "y": "lowest", "tooltip": ["lowest"]},
            "silent": True,
        },
        {
            **below,
            "name": "lowest to highest",
            "stack": "band",
            "stackStrategy": "all",
            "lineStyle": {"opacity": 0},
            "areaStyle": {"color": theme.BLUE, "opacity": 0.22},
            "encode": {"x": "at", "y": "spread", "tooltip": ["spread"]},
            "silent": True,
        },
    ]
    line: Option = {
        **below,
        "name": feature,
        "connectNulls": False,
        "lineStyle": {"color": theme.BLUE, "width": 1.6},
        "itemStyle": {"color": theme.BLUE},
        "encode": {"x": "at", "y": "last", "tooltip": ["last"]},
    }
    return {
        "animation": False,
        "dataset": {"source": rows},
        "tooltip": tooltip(axisPointer={"type": "cross", "label": {"show": False}}),
        "axisPointer": {"link": [{"xAxisIndex": "all"}]},
        "grid": [
            {**SIDES, "top": 12, "bottom": "47%"},
            {**SIDES, "top": "58%", "bottom": 24},
        ],
        "xAxis": [
            category(gridIndex=0, boundaryGap=True, axisLabel={"show": False}),
            category(gridIndex=1, boundaryGap=True),
        ],
        "yAxis": [
            value(gridIndex=0, scale=True, splitNumber=4, **named("adjusted dollars", gap=46)),
            value(gridIndex=1, scale=True, splitNumber=4, **named(units, gap=46)),
        ],
        "dataZoom": [{"type": "inside", "xAxisIndex": [0, 1]}],
        "series": [
            {**CANDLE, "xAxisIndex": 0, "yAxisIndex": 0},
            *(band if is_reduced else []),
            line,
        ],
    }
