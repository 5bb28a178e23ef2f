"""Charts of a chain: a smile with its points, the term structure, skew, gamma, a contract."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import pyarrow as pa

from app import theme
from app.charts.parts import Option, category, grid, legend, named, tooltip, value
from app.charts.price import SIDES

CALL, PUT = theme.BLUE, theme.WARN
PERCENT = {"formatter": "{value}%"}


def smile(points: pa.Table, curve: pa.Table, *, by_moneyness: bool, forward: float) -> Option:
    """Return a smile: out-of-the-money contracts, what bid and ask would imply, and the fit.

    Parameters
    ----------
    points, curve
        See `app.queries.chains`.
    by_moneyness
        Strikes in percent of the forward, else dollars.
    forward
        Dollars; marked by a line.
    """
    across = "moneyness" if by_moneyness else "strike"
    unit = "strike in % of forward" if by_moneyness else "strike, dollars"
    dots: list[Option] = []
    for kind, colour in (("put", PUT), ("call", CALL)):
        dots.append(
            {
                "type": "scatter",
                "name": f"{kind}s",
                "datasetIndex": 2 if kind == "put" else 3,
                "symbolSize": 7,
                "z": 4,
                "itemStyle": {"color": colour},
                "encode": {"x": across, "y": "iv"},
            }
        )
    edge: Option = {
        "type": "line",
        "name": "bid and ask",
        "datasetIndex": 0,
        "symbol": "none",
        "connectNulls": False,
        "silent": True,
        "z": 2,
        "lineStyle": {"color": theme.MUTED, "width": 1, "opacity": 0.7},
        "itemStyle": {"color": theme.MUTED},
        "tooltip": {"show": False},
    }
    fitted: Option = {
        "type": "line",
        "datasetIndex": 1,
        "symbol": "none",
        "connectNulls": False,
        "silent": True,
        "z": 3,
        "itemStyle": {"color": theme.TEXT},
        "tooltip": {"show": False},
    }
    middle = 100.0 if by_moneyness else forward
    return {
        "animation": False,
        "dataset": [
            {"source": points},
            {"source": curve},
            {"source": _of_kind(points, "put")},
            {"source": _of_kind(points, "call")},
        ],
        "tooltip": tooltip("item", formatter="{@title}<br/>{@iv_text}<br/>{@price_text}"),
        "legend": legend(data=["puts", "calls", "bid and ask", "fit", "beyond its points"]),
        "grid": grid(top=34, bottom=26, left=34),
        "xAxis": value(
            scale=True,
            splitLine={"show": False},
            axisLabel=PERCENT if by_moneyness else {},
            **_ends(curve, points, across),
            **named(unit),
        ),
        "yAxis": value(
            scale=True,
            splitNumber=5,
            axisLabel=PERCENT,
            **_volatility_ends(points, curve),
            **named("implied volatility", gap=48),
        ),
        "series": [
            {**edge, "encode": {"x": across, "y": "iv_bid"}},
            {**edge, "encode": {"x": across, "y": "iv_ask"}},
            {
                **fitted,
                "name": "fit",
                "encode": {"x": across, "y": "fit"},
                "lineStyle": {"color": theme.TEXT, "width": 2},
                "markLine": _upright([(middle, "forward")]),
            },
            {
                **fitted,
                "name": "beyond its points",
                "encode": {"x": across, "y": "beyond"},
                "lineStyle": {"color": theme.TEXT, "width": 1.5, "type": "dashed"},
            },
            *dots,
        ],
    }


def _of_kind(points: pa.Table, kind: str) -> pa.Table:
    mask = pa.array([one == kind for one in points["kind"].to_pylist()], pa.bool_())
    return points.filter(mask)


def _ends(curve: pa.Table, points: pa.Table, column: str) -> Option:
    """Return the ends of an axis that holds curve and points, and nothing else."""
    both = curve[column].to_pylist() + points[column].to_pylist()
    if not both:
        return {}
    low, high = min(both), max(both)
    step = 10.0 ** math.floor(math.log10(max(high - low, 1e-6) / 4))
    return {"min": math.floor(low / step) * step, "max": math.ceil(high / step) * step}


def _volatility_ends(points: pa.Table, curve: pa.Table) -> Option:
    """Return the ends of the volatilities: far wings of a curve may leave the window."""
    known = [one for one in points["iv"].to_pylist() if one is not None]
    known += [one for one in curve["fit"].to_pylist() if one is not None]
    if not known:
        known = [one for one in curve["beyond"].to_pylist() if one is not None]
    if not known:
        return {}
    room = 0.15 * (max(known) - min(known)) + 0.5
    return {"min": max(0, math.floor(min(known) - room)), "max": math.ceil(max(known) + room)}


def _upright(places: Sequence[tuple[float | None, str]], colours: Sequence[str] = ()) -> Option:
    """Return upright lines with words at their upper ends, one above the other."""
    listed = [*colours] + [theme.MUTED] * len(places)
    return {
        "silent": True,
        "symbol": "none",
        "data": [
            {
                "xAxis": place,
                "lineStyle": {"color": colour, "type": "dashed", "width": 1.2},
                "label": {
                    "formatter": words,
                    "position": "insideEndTop" if len(places) == 1 else "end",
                    "rotate": 0 if len(places) > 1 else 90,
                    "distance": 4 + 15 * level if len(places) > 1 else 4,
                    "color": colour,
                    "fontSize": 11,
                },
            }
            for level, ((place, words), colour) in enumerate(zip(places, listed, strict=False))
            if place is not None
        ],
    }


def term_structure(
    own: pa.Table, borrowed: pa.Table, maturities: pa.Table, before: pa.Table, before_name: str
) -> Option:
    """Return volatility at the forward by days to expiry.

    Parameters
    ----------
    own, borrowed
        Expiries with a fit of their own and with another's: days, iv, title, text.
    maturities
        Constant maturities: days, iv, text.
    before
        The expiries of an earlier session, drawn as a line; may be empty.
    before_name
        What the legend calls it.
    """
    tip = "{@title}<br/>{@text}"
    series: list[Option] = [
        {
            "type": "scatter",
            "name": "expiry",
            "datasetIndex": 0,
            "symbolSize": 8,
            "z": 4,
            "itemStyle": {"color": theme.BLUE},
            "encode": {"x": "days", "y": "iv"},
            "tooltip": {"formatter": tip},
        },
        {
            "type": "scatter",
            "name": "expiry, borrowed smile",
            "datasetIndex": 1,
            "symbolSize": 8,
            "symbol": "emptyCircle",
            "z": 4,
            "itemStyle": {"color": theme.WARN},
            "encode": {"x": "days", "y": "iv"},
            "tooltip": {"formatter": tip},
        },
        {
            "type": "line",
            "name": "constant maturity",
            "datasetIndex": 2,
            "symbol": "diamond",
            "symbolSize": 8,
            "z": 3,
            "lineStyle": {"color": theme.TEXT, "width": 1.5},
            "itemStyle": {"color": theme.TEXT},
            "encode": {"x": "days", "y": "iv"},
            "tooltip": {"formatter": "{@days} days<br/>{@text}"},
        },
    ]
    if before.num_rows:
        series.append(
            {
                "type": "line",
                "name": before_name,
                "datasetIndex": 3,
                "symbol": "none",
                "silent": True,
                "z": 2,
                "lineStyle": {"color": theme.MUTED, "width": 1.5, "type": "dashed"},
                "itemStyle": {"color": theme.MUTED},
                "encode": {"x": "days", "y": "iv"},
            }
        )
    names = [one["name"] for one in series]
    if borrowed.num_rows == 0:
        names.remove("expiry, borrowed smile")
    return {
        "animation": False,
        "dataset": [{"source": one} for one in (own, borrowed, maturities, before)],
        "tooltip": tooltip("item"),
        "legend": legend(data=names),
        "grid": grid(top=34, bottom=26, left=34),
        "xAxis": value(
            type="log",
            logBase=2,
            min=1,
            splitLine={"show": False},
            **named("days to expiry, logarithmic"),
        ),
        "yAxis": value(
            scale=True, splitNumber=5, axisLabel=PERCENT, **named("volatility at the forward", 48)
        ),
        "series": series,
    }


def skew(rows: pa.Table) -> Option:
    """Return volatility over risk reversal and butterfly through time.

    Parameters
    ----------
    rows
        See `app.queries.chains.skew`.
    """

    def line(column: str, name: str, colour: str, place: int) -> Option:
        return {
            "type": "line",
            "name": name,
            "xAxisIndex": place,
            "yAxisIndex": place,
            "symbol": "none" if rows.num_rows > 30 else "circle",
            "symbolSize": 4,
            "connectNulls": False,
            "lineStyle": {"color": colour, "width": 1.6},
            "itemStyle": {"color": colour},
            "encode": {"x": "at", "y": column, "tooltip": [column]},
            "tooltip": {"valueFormatter": "%.2f"},
        }

    return {
        **_grids(rows, 3, 3, 2),
        "legend": legend(data=["at the forward", "risk reversal", "butterfly"]),
        "yAxis": [
            value(
                gridIndex=0,
                scale=True,
                splitNumber=4,
                axisLabel=PERCENT,
                **named("volatility", gap=46),
            ),
            value(gridIndex=1, scale=True, splitNumber=4, **named("vol points", gap=46)),
            value(gridIndex=2, scale=True, splitNumber=3, **named("vol points", gap=46)),
        ],
        "series": [
            line("atm", "at the forward", theme.BLUE, 0),
            line("risk_reversal", "risk reversal", theme.WARN, 1),
            line("butterfly", "butterfly", theme.VIOLET, 2),
        ],
    }


def _grids(rows: pa.Table, *shares: int) -> Option:
    """Return grids one below the other on one axis, each with its share of the height."""
    gap, top = 4, 8
    total, bottom = sum(shares), 8
    room = 100 - top - bottom - gap * (len(shares) - 1)
    grids: list[Option] = []
    at = float(top)
    for share in shares:
        height = room * share / total
        grids.append({**SIDES, "top": f"{at:.1f}%", "height": f"{height:.1f}%"})
        at += height + gap
    last = len(shares) - 1
    return {
        "animation": False,
        "dataset": {"source": rows},
        "tooltip": tooltip(axisPointer={"type": "cross", "label": {"show": False}}),
        "axisPointer": {"link": [{"xAxisIndex": "all"}]},
        "grid": grids,
        "xAxis": [
            category(
                gridIndex=place,
                axisLabel={"show": place == last},
                axisLine={"onZero": False, "lineStyle": {"color": theme.BORDER}},
            )
            for place in range(len(shares))
        ],
        "dataZoom": [{"type": "inside", "xAxisIndex": list(range(len(shares)))}],
    }


def gamma_profile(
    rows: pa.Table, places: Sequence[tuple[float | None, str]], names: tuple[str, str]
) -> Option:
    """Return gamma exposure by strike with upright lines at spot, flip and walls.

    Parameters
    ----------
    rows
        See `app.queries.gamma.profile`.
    places
        Strikes and what stands there: spot, flip, call wall, put wall.
    names
        Of calls and puts in the legend.
    """
    strikes = rows["strike"].to_pylist()
    gaps = [b - a for a, b in itertools.pairwise(strikes) if b > a]
    narrow = min(gaps, default=1.0)
    shared: Option = {
        "type": "bar",
        "stack": "gamma",
        "datasetIndex": 0,
        "barWidth": "72%",  # of the narrowest gap between strikes
        "barMaxWidth": 26,
        "barMinWidth": 2,
    }
    colours = (theme.TEXT, theme.VIOLET, theme.UP, theme.DOWN)
    return {
        "animation": False,
        "dataset": [{"source": rows}],
        "tooltip": tooltip("item", formatter="{@title}<br/>{@gex_text}<br/>{@oi_text}"),
        "legend": legend(data=[*names, "net"], left=60),
        "grid": {**SIDES, "top": 100, "bottom": 44},
        "xAxis": value(
            scale=True,
            splitLine={"show": False},
            min=strikes[0] - narrow,
            max=strikes[-1] + narrow,
            axisLabel={"showMinLabel": False, "showMaxLabel": False},
            axisLine={"show": True, "onZero": False, "lineStyle": {"color": theme.BORDER}},
            **named("strike, dollars"),
        ),
        "yAxis": value(splitNumber=5, **named("M dollars a 1% move", gap=48)),
        "series": [
            {
                **shared,
                "name": names[0],
                "itemStyle": {"color": theme.UP, "opacity": 0.85},
                "encode": {"x": "strike", "y": "calls"},
                "markLine": _upright(places, colours),
            },
            {
                **shared,
                "name": names[1],
                "itemStyle": {"color": theme.DOWN, "opacity": 0.85},
                "encode": {"x": "strike", "y": "puts"},
            },
            {
                "type": "line",
                "name": "net",
                "datasetIndex": 0,
                "symbol": "none",
                "lineStyle": {"color": theme.TEXT, "width": 1.2},
                "itemStyle": {"color": theme.TEXT},
                "encode": {"x": "strike", "y": "net"},
                "tooltip": {"show": False},
            },
        ],
    }


def gamma_curve(rows: pa.Table, places: Sequence[tuple[float | None, str]]) -> Option:
    """Return the net exposure by price of the underlying, with upright lines at spot and flip.

    Parameters
    ----------
    rows
        See `app.queries.gamma.curve`.
    places
        Prices and what stands there.
    """
    prices = rows["price"].to_pylist()
    return {
        "animation": False,
        "dataset": {"source": rows},
        "tooltip": tooltip("axis", formatter="{@title}<br/>{@gex_text}"),
        "grid": {**SIDES, "top": 64, "bottom": 44},
        "xAxis": value(
            scale=True,
            splitLine={"show": False},
            min=math.floor(min(prices)),
            max=math.ceil(max(prices)),
            axisLabel={"showMinLabel": False, "showMaxLabel": False},
            axisLine={"show": True, "onZero": True, "lineStyle": {"color": theme.MUTED}},
            **named("price of the underlying, dollars"),
        ),
        "yAxis": value(splitNumber=4, **named("M dollars a 1% move", gap=48)),
        "series": [
            {
                "type": "line",
                "name": "net",
                "symbol": "none",
                "connectNulls": False,
                "lineStyle": {"color": theme.BLUE, "width": 2},
                "itemStyle": {"color": theme.BLUE},
                "areaStyle": {"color": theme.BLUE, "opacity": 0.15},
                "encode": {"x": "price", "y": "net"},
                "markLine": _upright(places, (theme.TEXT, theme.VIOLET)),
            }
        ],
    }


def gamma_levels(rows: pa.Table) -> Option:
    """Return spot between its walls and its flip through time, over the net exposure.

    Parameters
    ----------
    rows
        See `app.queries.gamma.in_time`.
    """
    lines = (
        ("spot", "spot", theme.TEXT, "solid"),
        ("flip", "gamma flip", theme.VIOLET, "solid"),
        ("call_wall", "call wall", theme.UP, "dashed"),
        ("put_wall", "put wall", theme.DOWN, "dashed"),
    )
    return {
        **_grids(rows, 3, 2),
        "legend": legend(data=[name for _, name, _, _ in lines]),
        "yAxis": [
            value(gridIndex=0, scale=True, splitNumber=4, **named("dollars", gap=46)),
            value(gridIndex=1, splitNumber=3, **named("M dollars", gap=46)),
        ],
        "series": [
            *(
                {
                    "type": "line",
                    "name": name,
                    "step": "middle" if style == "dashed" else False,
                    "symbol": "none" if rows.num_rows > 30 else "circle",
                    "symbolSize": 4,
                    "connectNulls": False,
                    "lineStyle": {"color": colour, "width": 1.5, "type": style},
                    "itemStyle": {"color": colour},
                    "encode": {"x": "at", "y": column, "tooltip": [column]},
                    "tooltip": {"valueFormatter": "%.2f"},
                }
                for column, name, colour, style in lines
            ),
            {
                "type": "bar",
                "name": "net",
                "xAxisIndex": 1,
                "yAxisIndex": 1,
                "barMaxWidth": 9,
                "itemStyle": {"color": theme.BLUE},
                "encode": {"x": "at", "y": "net", "tooltip": ["net"]},
                "tooltip": {"valueFormatter": "%.1f"},
            },
        ],
    }


MARK_COLOURS = {
    "quote_mid": theme.UP,
    "trade": theme.BLUE,
    "trade_day": theme.VIOLET,
    "surface": theme.WARN,
    "neighbour": theme.DOWN,
    "intrinsic": theme.MUTED,
}
MARK_NAMES = {
    "quote_mid": "quote",
    "trade": "trade",
    "trade_day": "day's last trade",
    "surface": "own smile",
    "neighbour": "borrowed smile",
    "intrinsic": "at settlement",
}


def contract(rows: pa.Table) -> Option:
    """Return a contract's marks coloured by source between bid and ask, over its volatility.

    Parameters
    ----------
    rows
        See `app.queries.contracts.story`; it gets a column for each source.
    """
    sources = [name for name in MARK_NAMES if name in set(rows["mark_source"].to_pylist())]
    marks, found = rows["mark"].to_pylist(), rows["mark_source"].to_pylist()
    drawn = rows.select(["at", "bid", "ask", "iv", "spot"])
    for name in sources:
        column = [mark if one == name else None for mark, one in zip(marks, found, strict=True)]
        drawn = drawn.append_column(MARK_NAMES[name], pa.array(column, pa.float64()))
    edge: Option = {
        "type": "line",
        "symbol": "none",
        "connectNulls": False,
        "lineStyle": {"color": theme.MUTED, "width": 1, "opacity": 0.8},
        "itemStyle": {"color": theme.MUTED},
        "tooltip": {"valueFormatter": "%.2f"},
    }
    return {
        **_grids(drawn, 3, 2),
        "legend": legend(data=[MARK_NAMES[name] for name in sources]),
        "yAxis": [
            value(gridIndex=0, scale=True, splitNumber=4, **named("dollars a share", gap=46)),
            value(
                gridIndex=1,
                scale=True,
                splitNumber=3,
                axisLabel=PERCENT,
                **named("volatility", gap=46),
            ),
        ],
        "series": [
            {**edge, "name": "bid", "encode": {"x": "at", "y": "bid", "tooltip": ["bid"]}},
            {**edge, "name": "ask", "encode": {"x": "at", "y": "ask", "tooltip": ["ask"]}},
            *(
                {
                    "type": "scatter",
                    "name": MARK_NAMES[name],
                    "symbolSize": 7,
                    "z": 4,
                    "itemStyle": {"color": MARK_COLOURS[name]},
                    "encode": {"x": "at", "y": MARK_NAMES[name], "tooltip": [MARK_NAMES[name]]},
                    "tooltip": {"valueFormatter": "%.2f"},
                }
                for name in sources
            ),
            {
                "type": "line",
                "name": "volatility",
                "xAxisIndex": 1,
                "yAxisIndex": 1,
                "symbol": "none" if rows.num_rows > 30 else "circle",
                "symbolSize": 4,
                "connectNulls": False,
                "lineStyle": {"color": theme.BLUE, "width": 1.5},
                "itemStyle": {"color": theme.BLUE},
                "encode": {"x": "at", "y": "iv", "tooltip": ["iv"]},
                "tooltip": {"valueFormatter": "%.2f"},
            },
        ],
    }


def turned(
    heights: Sequence[Sequence[float | None]],
    across: Sequence[str],
    along: Sequence[str],
    degrees: float,
) -> Option:
    """Return a surface as a net of lines, seen from a side.

    Parameters
    ----------
    heights
        A row for each of `along`, an amount for each of `across`; None where there is none.
    across, along
        Names of the columns and rows.
    degrees
        How far it is turned.
    """
    known = [amount for row in heights for amount in row if amount is not None]
    low, high = min(known), max(known)
    angle = math.radians(degrees)

    def seen(column: float, row: float, amount: float) -> list[float]:
        x = 2 * column / max(1, len(across) - 1) - 1
        y = 2 * row / max(1, len(along) - 1) - 1
        z = (amount - low) / (high - low or 1.0)
        right = x * math.cos(angle) - y * math.sin(angle)
        back = x * math.sin(angle) + y * math.cos(angle)
        return [round(right, 4), round(0.42 * back + 1.15 * z, 4)]

    def line(points: Sequence[list[float] | None], colour: str, width: float) -> Option:
        return {
            "type": "line",
            "data": [point or [None, None] for point in points],
            "symbol": "none",
            "silent": True,
            "connectNulls": False,
            "lineStyle": {"color": colour, "width": width},
        }

    rows, columns = range(len(along)), range(len(across))
    net = [
        line(
            [None if heights[r][c] is None else seen(c, r, heights[r][c] or 0.0) for c in columns],
            theme.SERIES[0],
            2,
        )
        for r in rows
    ] + [
        line(
            [None if heights[r][c] is None else seen(c, r, heights[r][c] or 0.0) for r in rows],
            theme.WARN if across[c].startswith("at ") else theme.MUTED,
            2 if across[c].startswith("at ") else 1,
        )
        for c in columns
    ]
    last_r, last_c = len(along) - 1, len(across) - 1
    floor = line(
        [
            seen(0, 0, low),
            seen(last_c, 0, low),
            seen(last_c, last_r, low),
            seen(0, last_r, low),
            seen(0, 0, low),
        ],
        theme.BORDER,
        1,
    )
    front_r = 0 if math.cos(angle) >= 0 else last_r
    front_c = 0 if math.sin(angle) >= 0 else last_c
    words = [(seen(c, front_r, low), across[c]) for c in columns if c % 2 == 0]
    words += [(seen(front_c, r, low), along[r]) for r in rows if r % 2 == 1 or r == last_r]
    labels: Option = {
        "type": "scatter",
        "symbolSize": 3,
        "silent": True,
        "itemStyle": {"color": theme.BORDER},
        "data": [
            {
                "value": place,
                "name": name,
                "label": {
                    "show": True,
                    "formatter": "{b}",
                    "position": "bottom",
                    "color": theme.MUTED,
                    "fontSize": 11,
                },
            }
            for place, name in words
        ],
    }
    hidden: Option = {
        "type": "value",
        "show": False,
    }
    return {
        "animation": False,
        "grid": {"left": 10, "right": 10, "top": 10, "bottom": 24},
        "xAxis": {**hidden, "min": -1.5, "max": 1.5},
        "yAxis": {**hidden, "min": -0.75, "max": 1.8},
        "series": [floor, *net, labels],
    }
