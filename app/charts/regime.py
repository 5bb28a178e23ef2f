"""Price with its regimes behind it, and the probabilities of hidden states below it."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from app import theme
from app.charts.parts import Option, category, legend, named, tooltip, value
from app.charts.price import SIDES

# Regimes whose names say how good they are; others take the colours of series in their order.
_COLOURS = {
    "PAUSE": theme.DOWN,
    "SUBOPTIMAL": theme.WARN,
    "OPTIMAL": theme.UP,
    **dict(zip(("STRONG_DOWN", "DOWN", "NEUTRAL", "UP", "STRONG_UP"), theme.ORDERED, strict=True)),
    "up_calm": theme.UP,
    "up_wild": theme.BLUE,
    "down_calm": theme.WARN,
    "down_wild": theme.DOWN,
    "low": theme.UP,
    "mid": theme.WARN,
    "high": theme.DOWN,
}


def colours(names: Sequence[str]) -> dict[str, str]:
    """Return a colour for each regime of a family."""
    return {
        name: _COLOURS.get(name, theme.SERIES[place % len(theme.SERIES)])
        for place, name in enumerate(names)
    }


_BADGES = {theme.UP: "green", theme.DOWN: "red", theme.WARN: "orange", theme.BLUE: "blue"}


def badge(name: str | None) -> str:
    """Return the name of the colour that a regime has in words; gray for no particular one."""
    return _BADGES.get(_COLOURS.get(name or "", ""), "gray")


PROBABILITIES = {"p_low": "low", "p_mid": "mid", "p_high": "high"}


def price_with_regimes(rows: pa.Table, names: Sequence[str], *, with_probabilities: bool) -> Option:
    """Return the closes over bands of regimes, and below them the probabilities of the states.

    Parameters
    ----------
    rows
        at, open, close, low, high, regime, s0 ..., p_low, p_mid, p_high; see
        `app.queries.regimes.shaded`.
    names
        Of the regimes: s0 is the first of them.
    with_probabilities
        Draw the second grid.
    """
    by_name = colours(names)
    bands: list[Option] = [
        {
            "type": "bar",
            "name": name,
            "xAxisIndex": 0,
            "yAxisIndex": 1,
            "barWidth": "101%",
            "barGap": "-100%",
            "silent": True,
            "z": 1,
            "itemStyle": {"color": by_name[name], "opacity": 0.34},
            "encode": {"x": "at", "y": f"s{place}"},
            "tooltip": {"show": False},
        }
        for place, name in enumerate(names)
    ]
    # a plain line: candles have the colours of bands
    price: Option = {
        "type": "line",
        "name": "price",
        "xAxisIndex": 0,
        "yAxisIndex": 0,
        "z": 3,
        "symbol": "none",
        "connectNulls": False,
        "lineStyle": {"color": theme.TEXT, "width": 1.5},
        "itemStyle": {"color": theme.TEXT},
        "encode": {
            "x": "at",
            "y": "close",
            "tooltip": ["open", "high", "low", "close", "regime"],
        },
    }
    areas: list[Option] = [
        {
            "type": "line",
            "name": f"P({state})",
            "xAxisIndex": 1,
            "yAxisIndex": 2,
            "stack": "probability",
            "symbol": "none",
            "connectNulls": False,
            "lineStyle": {"width": 0.6, "color": _COLOURS[state]},
            "itemStyle": {"color": _COLOURS[state]},
            "areaStyle": {"color": _COLOURS[state], "opacity": 0.55},
            "encode": {"x": "at", "y": column, "tooltip": [column]},
            "tooltip": {"valueFormatter": "%.3f"},
        }
        for column, state in PROBABILITIES.items()
    ]
    below: Option = {"gridIndex": 1}
    hidden: Option = {"show": False, "min": 0, "max": 1}
    return {
        "animation": False,
        "dataset": {"source": rows},
        "tooltip": tooltip(axisPointer={"type": "cross", "label": {"show": False}}),
        "legend": legend(data=list(names), selectedMode=False),
        "axisPointer": {"link": [{"xAxisIndex": "all"}]},
        "grid": [
            {**SIDES, "top": 30, "bottom": "35%" if with_probabilities else 24},
            *([{**SIDES, "top": "71%", "bottom": 24}] if with_probabilities else []),
        ],
        "xAxis": [
            category(gridIndex=0, boundaryGap=True, axisLabel={"show": not with_probabilities}),
            *([category(**below, boundaryGap=True)] if with_probabilities else []),
        ],
        "yAxis": [
            value(gridIndex=0, scale=True, splitNumber=5, **named("adjusted dollars", gap=46)),
            {**value(gridIndex=0), **hidden},
            *(
                [value(**below, min=0, max=1, splitNumber=2, **named("probability", gap=46))]
                if with_probabilities
                else []
            ),
        ],
        "dataZoom": [{"type": "inside", "xAxisIndex": [0, 1] if with_probabilities else [0]}],
        "series": [*bands, price, *(areas if with_probabilities else [])],
    }
