"""How the values of a feature are spread: histogram, and a box for each of several groups."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pyarrow as pa

from app import theme, wording
from app.charts.parts import Option, category, grid, named, tooltip, value


def histogram(edges: Sequence[float], counts: Sequence[int], units: str) -> Option:
    """Return a histogram.

    Parameters
    ----------
    edges
        Lower edges of the bins.
    counts
        Values in each.
    units
        Of the feature.
    """
    return {
        "animation": False,
        "tooltip": tooltip(axisPointer={"type": "shadow"}, valueFormatter="localized"),
        "grid": grid(bottom=26),
        "xAxis": category(data=_labels(edges), **named(units)),
        "yAxis": value(splitNumber=4),
        "series": [
            {
                "type": "bar",
                "name": "rows",
                "data": list(counts),
                "barCategoryGap": "8%",
                "itemStyle": {"color": theme.BLUE, "opacity": 0.85},
            }
        ],
    }


def boxes(rows: pa.Table, colours: Sequence[str], units: str) -> Option:
    """Return a box for each group: the middle half and its median, whiskers from 5% to 95%.

    Parameters
    ----------
    rows
        group, low, q1, median, q3, high.
    colours
        One per group.
    units
        Of the values.
    """
    return {
        "animation": False,
        "dataset": {"source": rows},
        "tooltip": tooltip("item"),
        "grid": grid(left=44),
        "xAxis": category(axisLabel={"color": theme.TEXT, "fontSize": 12, "interval": 0}),
        "yAxis": value(scale=True, splitNumber=5, **named(units, gap=64)),
        "visualMap": {
            "show": False,
            "type": "piecewise",
            "dimension": "place",
            "pieces": [{"value": place, "color": colour} for place, colour in enumerate(colours)],
        },
        "series": [
            {
                "type": "boxplot",
                "boxWidth": [12, 54],
                "itemStyle": {"color": theme.SURFACE, "borderWidth": 2},
                "encode": {
                    "x": "group",
                    "y": ["low", "q1", "median", "q3", "high"],
                    "tooltip": ["low", "q1", "median", "q3", "high"],
                },
                "tooltip": {"valueFormatter": "%.4f"},
            }
        ],
    }


def _labels(edges: Sequence[float]) -> list[str]:
    """Return edges as texts, to a hundredth of the range: no noise around zero."""
    span = max(edges) - min(edges)
    if span <= 0:
        return [wording.number(edge) for edge in edges]
    digits = max(0, 2 - math.floor(math.log10(span)))
    return [f"{edge:,.{digits}f}" if digits < 9 else wording.number(edge, 3) for edge in edges]
