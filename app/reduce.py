"""Reducing series in SQL, so that a chart gets the points it can show and no more.

Consecutive rows share a bucket; a bucket keeps its first, last, lowest and highest value, so
no extreme is lost however long the window.
"""

from __future__ import annotations

MOST_BARS = 700  # candles side by side that a chart of 1,200 pixels can show


def buckets(relation: str, order: str, most: int = MOST_BARS) -> str:
    """Return a query that gives each row of a relation its `bucket`.

    Parameters
    ----------
    relation
        Name of a table or common table expression.
    order
        Column that orders its rows.
    most
        Buckets at most. With no more rows than that, each has its own.

    Returns
    -------
    str
        A SELECT of the relation's columns and `bucket`, from 0.
    """
    return (
        f"select *, (row_number() over (order by {order}) - 1)"
        f" // greatest(1, ceil(count(*) over () / {most}))::bigint as bucket"
        f" from {relation}"
    )


def candles(order: str, prefix: str = "") -> str:
    """Return the aggregates that make one candle of a bucket's bars.

    Parameters
    ----------
    order
        Column that orders the bars.
    prefix
        Of the price columns, `adj_` for adjusted ones.
    """
    return (
        f"arg_min({prefix}open, {order}) as open, "
        f"arg_max({prefix}close, {order}) as close, "
        f"min({prefix}low) as low, "
        f"max({prefix}high) as high"
    )


def line(value: str, order: str) -> str:
    """Return the aggregates of a bucket's values: first, last, lowest and highest."""
    return (
        f"arg_min({value}, {order}) as first, "
        f"arg_max({value}, {order}) as last, "
        f"min({value}) as lowest, "
        f"max({value}) as highest"
    )
