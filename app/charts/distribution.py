"""The histogram of a feature."""

from __future__ import annotations

from collections.abc import Sequence

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
        "xAxis": category(data=[wording.number(edge, 3) for edge in edges], **named(units)),
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
