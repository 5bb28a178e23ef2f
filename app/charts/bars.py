"""Bars that compare a few named amounts, and columns over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app import theme
from app.charts.parts import Option, category, grid, legend, named, tooltip, value


def ranked(
    pairs: Sequence[tuple[str, float]],
    *,
    colour: str = theme.BLUE,
    label: str = "{c}",
    is_log: bool = False,
    value_format: str = "localized",
) -> Option:
    """Return horizontal bars, the first pair on top.

    Parameters
    ----------
    pairs
        Names and amounts.
    colour
        Of all bars.
    label
        ECharts template of what stands at a bar's end.
    is_log
        Logarithmic lengths, for amounts of very different size.
    value_format
        How the tool tip writes an amount; see `st.echarts_chart`.
    """
    return {
        "animation": False,
        "tooltip": tooltip("item", valueFormatter=value_format),
        "grid": grid(right=64, top=4),
        "xAxis": value(
            **({"type": "log", "min": 0.5} if is_log else {}),
            axisLabel={"show": False},
            splitLine={"show": False},
        ),
        "yAxis": category(
            data=[name for name, _ in pairs],
            inverse=True,
            axisLine={"show": False},
            axisLabel={"color": theme.TEXT, "fontSize": 12, "interval": 0},
        ),
        "series": [
            {
                "type": "bar",
                "data": [amount for _, amount in pairs],
                "barMaxWidth": 18,
                "itemStyle": {"color": colour, "borderRadius": [0, 3, 3, 0]},
                "label": {
                    "show": True,
                    "position": "right",
                    "color": theme.MUTED,
                    "fontSize": 11,
                    "formatter": label,
                },
            }
        ],
    }


def stacked(
    names: Sequence[str],
    series: Mapping[str, Sequence[float]],
    colours: Mapping[str, str],
    *,
    across: str = "",
    up: str = "",
) -> Option:
    """Return columns, one above the other.

    Parameters
    ----------
    names
        Labels of the axis, times or bins.
    series
        Amounts by name, one per label.
    colours
        By the same names.
    across, up
        What the two axes show.
    """
    return {
        "animation": False,
        "tooltip": tooltip(axisPointer={"type": "shadow"}, valueFormatter="localized"),
        "legend": legend(data=list(series)),
        "grid": grid(top=32, bottom=24 if across else 4, left=36 if up else 8),
        "xAxis": category(data=list(names), **(named(across) if across else {})),
        "yAxis": value(splitNumber=4, **(named(up, gap=40) if up else {})),
        "series": [
            {
                "type": "bar",
                "name": name,
                "stack": "all",
                "data": list(amounts),
                "barMaxWidth": 26,
                "itemStyle": {"color": colours[name]},
            }
            for name, amounts in series.items()
        ],
    }


def signed(names: Sequence[str], amounts: Sequence[float | None], band: float) -> Option:
    """Return columns above and below zero with the band that chance alone would fill.

    Parameters
    ----------
    names
        Labels, e.g. lags.
    amounts
        One per label; None where there is none.
    band
        Half the band's height.
    """
    edge = {"symbol": "none", "lineStyle": {"color": theme.MUTED, "type": "dashed"}, "silent": True}
    return {
        "animation": False,
        "tooltip": tooltip(axisPointer={"type": "shadow"}, valueFormatter="%.3f"),
        "grid": grid(),
        "xAxis": category(data=list(names), axisLine={"onZero": False, "show": False}),
        "yAxis": value(splitNumber=4, **_within_one(amounts)),
        "series": [
            {
                "type": "bar",
                "barMaxWidth": 14,
                "data": [
                    {
                        "value": amount,
                        "itemStyle": {"color": theme.DOWN if (amount or 0) < 0 else theme.UP},
                    }
                    for amount in amounts
                ],
                "markLine": {
                    **edge,
                    "label": {"show": False},
                    "data": [{"yAxis": band}, {"yAxis": -band}],
                },
            }
        ],
    }


def _within_one(amounts: Sequence[float | None]) -> Option:
    """Return the ends of an axis of correlations: 1 where they come near it."""
    known = [amount for amount in amounts if amount is not None]
    ends: Option = {}
    if max(known, default=0.0) > 0.5:
        ends["max"] = 1
    if min(known, default=0.0) < -0.5:
        ends["min"] = -1
    return ends


def correlations(pairs: Sequence[tuple[str, float]]) -> Option:
    """Return horizontal bars from -1 to 1, the first pair on top.

    Parameters
    ----------
    pairs
        Names and correlations; a click selects one.
    """
    return {
        "animation": False,
        "tooltip": tooltip("item", valueFormatter="%.3f"),
        "grid": grid(right=24, top=4, bottom=22),
        "xAxis": value(min=-1, max=1, **named("correlation", gap=26)),
        "yAxis": category(
            data=[name for name, _ in pairs],
            inverse=True,
            axisLine={"show": False, "onZero": False},
            axisLabel={"color": theme.TEXT, "fontSize": 12, "interval": 0},
        ),
        "series": [
            {
                "type": "bar",
                "barMaxWidth": 16,
                "selectedMode": "single",
                "data": [
                    {
                        "value": amount,
                        "itemStyle": {"color": theme.DOWN if amount < 0 else theme.UP},
                    }
                    for _, amount in pairs
                ],
            }
        ],
    }
