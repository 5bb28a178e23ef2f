"""Heatmaps of how much is there: a table of cells, and a calendar of days."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from app import theme
from app.charts.parts import Option, category, grid, tooltip

DAY_STATES = ("complete", "partial", "day bar", "missing")
_STATE_COLOURS = (theme.UP, theme.WARN, theme.BLUE, theme.DOWN)


def cells(
    rows: pa.Table,
    columns: Sequence[str],
    names: Sequence[str],
    *,
    most: float,
    is_share: bool,
) -> Option:
    """Return a heatmap of one amount.

    Parameters
    ----------
    rows
        period, symbol, amount.
    columns, names
        Labels of the two axes, in order.
    most
        Amount that has the brightest colour.
    is_share
        Amounts are fractions.
    """
    colours = [theme.DOWN, theme.WARN, theme.UP] if is_share else list(theme.SEQUENTIAL)
    return {
        "animation": False,
        "dataset": {"source": rows},
        "tooltip": tooltip("item", valueFormatter="percent" if is_share else "localized"),
        "grid": grid(right=72, top=4),
        "xAxis": category(data=list(columns), splitArea={"show": False}),
        "yAxis": category(
            data=list(names),
            inverse=True,
            axisLine={"show": False},
            axisLabel={"color": theme.TEXT, "interval": 0},
        ),
        "visualMap": {
            "type": "continuous",
            "min": 0,
            "max": most or 1,
            "dimension": "amount",
            "calculable": False,
            "orient": "vertical",
            "right": 4,
            "top": "middle",
            "itemHeight": min(150, 12 * len(names)),
            "itemWidth": 10,
            "text": ["100%", "0"] if is_share else ["most", "0"],
            "textStyle": {"color": theme.MUTED, "fontSize": 11},
            "inRange": {"color": colours},
        },
        "series": [
            {
                "type": "heatmap",
                "encode": {"x": "period", "y": "symbol", "value": "amount"},
                "itemStyle": {"borderColor": theme.BACKGROUND, "borderWidth": 1.5},
                "progressive": 0,
            }
        ],
    }


def calendar(days: pa.Table, years: Sequence[int]) -> Option:
    """Return a calendar of one symbol's days, a row of weeks for each year.

    Parameters
    ----------
    days
        day (text), state (position in `DAY_STATES`), minutes, expected, option_rows.
    years
        Years to draw, the first on top.
    """
    return {
        "animation": False,
        "dataset": {"source": days},
        "tooltip": tooltip("item", formatter=_DAY),
        "visualMap": {
            "type": "piecewise",
            "dimension": "state",
            "orient": "horizontal",
            "left": "center",
            "top": 0,
            "itemWidth": 14,
            "itemHeight": 10,
            "textStyle": {"color": theme.MUTED, "fontSize": 12},
            "pieces": [
                {"value": position, "label": label, "color": colour}
                for position, (label, colour) in enumerate(
                    zip(DAY_STATES, _STATE_COLOURS, strict=True)
                )
            ],
        },
        "calendar": [
            {
                "range": str(year),
                "top": 52 + position * CALENDAR_YEAR,
                "left": 58,
                "right": 12,
                "cellSize": ["auto", 15],
                "splitLine": {"lineStyle": {"color": theme.BORDER, "width": 1.5}},
                "itemStyle": {
                    "color": theme.SURFACE,
                    "borderColor": theme.BACKGROUND,
                    "borderWidth": 2,
                },
                "dayLabel": {"color": theme.MUTED, "fontSize": 10, "firstDay": 1},
                "monthLabel": {"color": theme.MUTED, "fontSize": 11},
                "yearLabel": {"color": theme.MUTED, "fontSize": 14, "margin": 30},
            }
            for position, year in enumerate(years)
        ],
        "series": [
            {
                "type": "heatmap",
                "coordinateSystem": "calendar",
                "calendarIndex": position,
                "encode": {"time": "day", "value": "state"},
                "progressive": 0,
            }
            for position in range(len(years))
        ],
    }


CALENDAR_YEAR = 148  # pixels of one year's rows

_DAY = "{@day}<br/>minutes {@minutes} of {@expected}<br/>option rows {@option_rows}"
