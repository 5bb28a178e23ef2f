"""Heatmaps: how much is there, calendars of days, tiles by class, levels over time."""

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
        "visualMap": _pieces("state", tuple(zip(DAY_STATES, _STATE_COLOURS, strict=True))),
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


def tiles(rows: pa.Table, lines: Sequence[str], classes: Sequence[tuple[str, str]]) -> Option:
    """Return a tile for each of many named things, in lines, coloured by class; a click selects.

    Parameters
    ----------
    rows
        place, line, class, feature, what; see `app.queries.catalog.tiles`.
    lines
        Labels of the lines, the first on top.
    classes
        Names and colours, by position.
    """
    most = max(rows["place"].to_pylist(), default=0) + 1
    return {
        "animation": False,
        "dataset": {"source": rows},
        "tooltip": tooltip("item", formatter="{@feature}<br/>{@what}"),
        "grid": grid(top=34, right=4),
        "xAxis": category(
            data=[str(place) for place in range(most)],
            axisLabel={"show": False},
            axisLine={"show": False},
        ),
        "yAxis": category(
            data=list(lines),
            inverse=True,
            axisLine={"show": False},
            axisLabel={"color": theme.TEXT, "fontSize": 12, "interval": 0},
        ),
        "visualMap": _pieces("class", classes),
        "series": [
            {
                "type": "heatmap",
                "encode": {"x": "place", "y": "line", "value": "class"},
                "itemStyle": {"borderColor": theme.BACKGROUND, "borderWidth": 1.5},
                "selectedMode": "single",
                "select": {"itemStyle": {"borderColor": theme.TEXT, "borderWidth": 2}},
                "progressive": 0,
            }
        ],
    }


def levels(
    rows: pa.Table,
    columns: Sequence[str],
    names: Sequence[str],
    ends: tuple[float, float],
    units: str,
) -> Option:
    """Return a heatmap of levels over time; what is unknown stays empty.

    Parameters
    ----------
    rows
        period, label, amount.
    columns, names
        Labels of the two axes, in order.
    ends
        Amounts of the outermost colours; two-sided colours where the first is negative.
    units
        Of the amounts.
    """
    low, high = ends
    return {
        "animation": False,
        "dataset": {"source": rows},
        "tooltip": tooltip("item", formatter="{@label}<br/>{@period}<br/>{@amount} " + units),
        "grid": grid(right=84, top=4),
        "xAxis": category(data=list(columns)),
        "yAxis": category(
            data=list(names),
            inverse=True,
            axisLine={"show": False},
            axisLabel={"color": theme.TEXT, "interval": 0},
        ),
        "visualMap": {
            "type": "continuous",
            "min": low,
            "max": high,
            "dimension": "amount",
            "calculable": False,
            "orient": "vertical",
            "right": 0,
            "top": "middle",
            "itemHeight": min(180, 12 * len(names)),
            "itemWidth": 10,
            "text": [f"{high:g}{_short(units)}", f"{low:g}"],
            "textStyle": {"color": theme.MUTED, "fontSize": 11},
            "inRange": {"color": list(theme.DIVERGING if low < 0 else theme.SEQUENTIAL)},
        },
        "series": [
            {
                "type": "heatmap",
                "encode": {"x": "period", "y": "label", "value": "amount"},
                # borders would darken narrow cells
                "itemStyle": {
                    "borderColor": theme.BACKGROUND,
                    "borderWidth": 0.5 if len(columns) < 130 else 0,
                },
                "progressive": 0,
            }
        ],
    }


def matrix(
    rows: pa.Table,
    columns: Sequence[str],
    names: Sequence[str],
    *,
    tip: str,
    label_size: int = 12,
    is_signed: bool = False,
    is_selectable: bool = False,
) -> Option:
    """Return a table of cells with their texts, coloured by an amount from 0 to 1.

    Parameters
    ----------
    rows
        column, row, amount, text and what the tool tip names.
    columns, names
        Labels of the two axes, in order.
    tip
        Template of the tool tip.
    label_size
        Of the cells' texts.
    is_signed
        A half has no colour, more and less have the two of up and down.
    is_selectable
        A click selects a cell.
    """
    return {
        "animation": False,
        "dataset": {"source": rows},
        "tooltip": tooltip("item", formatter=tip),
        "grid": grid(right=8, top=8),
        "xAxis": category(
            data=list(columns),
            position="top",
            axisLine={"show": False},
            axisLabel={"color": theme.TEXT, "fontSize": 11, "lineHeight": 15, "interval": 0},
        ),
        "yAxis": category(
            data=list(names),
            inverse=True,
            axisLine={"show": False},
            axisLabel={"color": theme.TEXT, "fontSize": 12, "interval": 0},
        ),
        "visualMap": {
            "show": False,
            "type": "continuous",
            "min": 0,
            "max": 1,
            "dimension": "amount",
            "inRange": {"color": list(theme.DIVERGING if is_signed else theme.SEQUENTIAL[:4])},
        },
        "series": [
            {
                "type": "heatmap",
                "encode": {"x": "column", "y": "row", "value": "amount"},
                "itemStyle": {"borderColor": theme.BACKGROUND, "borderWidth": 2},
                "label": {
                    "show": True,
                    "formatter": "{@text}",
                    "color": theme.TEXT,
                    "fontSize": label_size,
                },
                "progressive": 0,
                **({"selectedMode": "single"} if is_selectable else {}),
            }
        ],
    }


def _pieces(dimension: str, classes: Sequence[tuple[str, str]]) -> Option:
    """Return a legend of classes, numbered as they come."""
    return {
        "type": "piecewise",
        "dimension": dimension,
        "orient": "horizontal",
        "left": "center",
        "top": 0,
        "itemWidth": 14,
        "itemHeight": 10,
        "textStyle": {"color": theme.MUTED, "fontSize": 12},
        "pieces": [
            {"value": position, "label": label, "color": colour}
            for position, (label, colour) in enumerate(classes)
        ],
    }


def _short(units: str) -> str:
    """Return units that fit beside a colour bar; a range says nothing that the ends do not."""
    return "" if units.startswith("[") or len(units) > 8 else f" {units}"


CALENDAR_YEAR = 148  # pixels of one year's rows

_DAY = "{@day}<br/>minutes {@minutes} of {@expected}<br/>option rows {@option_rows}"
