"""The histogram of a feature."""

from __future__ import annotations

import math
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


def _labels(edges: Sequence[float]) -> list[str]:
    """Return edges as texts, to a hundredth of the range: no noise around zero."""
    span = max(edges) - min(edges)
    if span <= 0:
        return [wording.number(edge) for edge in edges]
    digits = max(0, 2 - math.floor(math.log10(span)))
    return [f"{edge:,.{digits}f}" if digits < 9 else wording.number(edge, 3) for edge in edges]
