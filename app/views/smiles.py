"""A chain's smiles: one with its points and what it can be trusted for, and all at the forward."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from app import cards, warehouse, wording
from app.charts import chain as charts
from app.queries import chains

_STRIKE, _MONEYNESS = "Dollars", "% of forward"
_NEAR_MONTH = 30.0  # days to the expiry that is shown first


def draw(underlying: str, session: dt.date) -> None:
    """Draw the smile of an expiry, and the trust of all."""
    expiries = chains.expiries(underlying, session)
    if not expiries:
        cards.nothing(
            f"No expiry of {underlying} is alive after {session}.", "Choose another session."
        )
        return
    labels = [row["label"] for row in expiries]
    first = min(
        range(len(expiries)),
        key=lambda i: (
            expiries[i]["fit_source"] != "own",
            abs(expiries[i]["days"] - _NEAR_MONTH),
        ),
    )
    by_label = dict(zip(labels, expiries, strict=True))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.selectbox(
            "Expiry",
            labels,
            index=first,
            key=f"options_expiry_{underlying}_{session}",
            format_func=lambda name: f"{name} · {_days(by_label[name]['days'])}",
            width=290,
        )
        across = st.segmented_control(
            "Strikes in",
            [_STRIKE, _MONEYNESS],
            default=_STRIKE,
            required=True,
            key="options_across",
        )
    chosen = by_label[label]
    left, right = st.columns([2, 1])
    with left, cards.card("Smile", label, key="options_smile", height="stretch"):
        _smile(underlying, session, chosen, by_moneyness=across == _MONEYNESS)
    with right, cards.card("What it rests on", key="options_trust", height="stretch"):
        _trust(underlying, session, chosen)
    with cards.card("All expiries", f"{underlying}, {session}", key="options_expiries"):
        _expiries(underlying, session, expiries)


def _days(days: float) -> str:
    return f"{days:.0f} days" if days >= 1.5 else f"{24 * days:.0f} hours"


def _smile(
    underlying: str, session: dt.date, chosen: dict[str, Any], *, by_moneyness: bool
) -> None:
    which = (underlying, session, chosen["root"], chosen["expiration"])
    points, curve = chains.points(*which), chains.curve(*which)
    if points.num_rows == 0 and curve.num_rows == 0:
        cards.nothing(
            "This expiry has no price that implies a volatility, and no smile.",
            "Quality says why.",
        )
        return
    cards.chart(
        charts.smile(points, curve, by_moneyness=by_moneyness, forward=chosen["forward"] or 0.0),
        key="options_smile_chart",
        height=430,
        alt=f"Implied volatility of {underlying} {chosen['label']} by strike",
    )
    st.caption(
        "Dots: out-of-the-money contracts whose own price implies a volatility. Thin lines: what "
        "their bid and ask would imply, by vega. Dashed: no price of this expiry drew it."
    )


def _trust(underlying: str, session: dt.date, chosen: dict[str, Any]) -> None:
    marked = next(
        (
            row
            for row in chains.marked(underlying, session)
            if (row["root"], row["expiration"]) == (chosen["root"], chosen["expiration"])
        ),
        None,
    )
    source = chosen["fit_source"]
    age = chosen["fit_age"]
    rows = [
        ("Shape from", chains.FIT_SOURCES.get(source, source)),
        ("Age of the shape", "of this session" if not age else wording.age(age)),
        ("Points", f"{chosen['count_points'] or 0:,}"),
        ("Fit error, mean", _points(chosen["rmse"])),
        ("Fit error, worst", _points(chosen["worst"])),
        ("Butterfly violations", f"at {chosen['butterflies'] or 0} of 33 places"),
        ("Drawn between", _between(chosen)),
        ("At the forward", wording.percent((chosen["atm_iv"] or 0) / 100 or None)),
        ("Forward", _price(chosen["forward"])),
    ]
    if chosen["reason"]:
        rows.append(("Reason", chosen["reason"]))
    if marked:
        rows.append(("Contracts", f"{marked['count_marked']:,} of {marked['count_contracts']:,}"))
        rows += [
            (f"Marked by {name}", f"{marked[key]:,}")
            for key, name in charts.MARK_NAMES.items()
            if marked[key]
        ]
    # lines of text fold where the window is narrow, a table would be cut
    st.markdown("  \n".join(f":gray[{what}:] {is_}" for what, is_ in rows))


def _price(value: float | None) -> str:
    return "–" if value is None else f"{value:,.3f}"


def _points(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f} vol points"


def _between(chosen: dict[str, Any]) -> str:
    low, high, forward = chosen["lowest_k"], chosen["highest_k"], chosen["forward"]
    if low is None or high is None or forward is None:
        return "–"
    return f"{forward * math.exp(low):,.2f} and {forward * math.exp(high):,.2f}"


def _expiries(underlying: str, session: dt.date, expiries: list[dict[str, Any]]) -> None:
    marked = {(row["root"], row["expiration"]): row for row in chains.marked(underlying, session)}
    rows = []
    for row in expiries:
        counts = marked.get((row["root"], row["expiration"]), {})
        contracts = counts.get("count_contracts")
        rows.append(
            {
                **{name: row[name] for name in _COLUMNS if name in row},
                "shape": chains.FIT_SOURCES.get(row["fit_source"], row["fit_source"]),
                "age": None if not row["fit_age"] else row["fit_age"] / 86_400,
                "contracts": contracts,
                "own": counts["count_own"] / contracts if contracts else None,
            }
        )
    number = st.column_config.NumberColumn
    st.dataframe(
        rows,
        key="options_expiries_table",
        hide_index=True,
        height="content" if len(rows) <= 20 else 740,
        placeholder="–",
        column_order=tuple(_COLUMNS),
        column_config={
            "label": st.column_config.TextColumn("Expiry", pinned=True),
            "days": number("Days", format="%.1f"),
            "atm_iv": number("Volatility, %", format="%.2f", help="At the forward."),
            "atm_skew": number(
                "Slope", format="%.3f", help="Of volatility against log moneyness at the forward."
            ),
            "count_points": number("Points", format="localized"),
            "rmse": number("Error, vol points", format="%.3f", help="Weighted, root mean square."),
            "worst": number("Worst", format="%.3f", help="Greatest error, vol points."),
            "butterflies": number(
                "Violations", help="Places among 33 where the density would be negative."
            ),
            "shape": "Shape from",
            "age": number("Age, days", format="%.1f", help="Of a borrowed shape."),
            "contracts": number("Contracts", format="localized"),
            "own": st.column_config.ProgressColumn(
                "Own volatility",
                format="percent",
                min_value=0,
                max_value=1,
                help="Contracts whose own price implies a volatility.",
            ),
            "forward": number("Forward", format="%.2f"),
        },
    )


_COLUMNS = (
    "label",
    "days",
    "atm_iv",
    "atm_skew",
    "count_points",
    "rmse",
    "worst",
    "butterflies",
    "shape",
    "age",
    "contracts",
    "own",
    "forward",
)


# -- term structure --------------------------------------------------------------------------


def draw_term(underlying: str, session: dt.date) -> None:
    """Draw volatility by expiry, beside an earlier session, and the forwards."""
    rows = chains.term(underlying, session)
    with cards.card("Term structure", f"{underlying}, {session}", key="options_term"):
        if rows.num_rows == 0:
            cards.nothing(f"{underlying} has no smile on {session}.", "Quality says why.")
        else:
            _term(underlying, session, rows)
    with cards.card("Forwards", "what each expiry is priced from", key="options_forwards"):
        _forwards(underlying, session)


def _term(underlying: str, session: dt.date, rows: pa.Table) -> None:
    earlier = [day for day in chains.sessions(underlying) if day < session]
    listed = {1: "the session before", **{n: f"{n} sessions before" for n in (5, 21, 63)}}
    steps = {name: n for n, name in listed.items() if n <= len(earlier)}
    none = "nothing"
    names = [none, *steps]
    beside = st.segmented_control(
        "Beside it",
        names,
        default=names[min(2, len(names) - 1)],
        required=True,
        key="options_term_beside",
    )
    before = rows.slice(0, 0)
    if beside in steps:
        before = chains.term(underlying, earlier[steps[beside] - 1])
        before = before.filter(pc.field("is_own"))
    own = rows.filter(pc.field("is_own"))
    cards.chart(
        charts.term_structure(
            own,
            rows.filter(~pc.field("is_own")),
            chains.maturities(underlying, session),
            before,
            beside,
        ),
        key="options_term_chart",
        height=400,
        alt=f"Volatility at the forward of {underlying} by days to expiry on {session}",
    )
    st.caption(
        "Expiries of a day and more. Constant maturities are read between expiries with a smile of "
        "their own, total variance linear in time; none is extrapolated."
    )


def _forwards(underlying: str, session: dt.date) -> None:
    if warehouse.missing(chains.FORWARDS):
        cards.have(chains.FORWARDS)
        return
    rows = chains.forwards(underlying, session)
    if not rows:
        cards.nothing(f"`{chains.FORWARDS}` has no expiry of {underlying} on {session}.")
        return
    number = st.column_config.NumberColumn
    st.dataframe(
        [
            {
                **row,
                "rate": _times(row["rate"]),
                "carry": _times(row["carry"]),
                "spot_source": _NAMES.get(row["spot_source"], row["spot_source"]),
                "rate_source": _NAMES.get(row["rate_source"], row["rate_source"]),
                "forward_method": _NAMES.get(row["forward_method"], row["forward_method"]),
            }
            for row in rows
        ],
        key="options_forwards_table",
        hide_index=True,
        height="content" if len(rows) <= 20 else 740,
        placeholder="–",
        column_config={
            "label": st.column_config.TextColumn("Expiry", pinned=True),
            "days": number("Days", format="%.1f"),
            "spot": number("Spot", format="%.2f"),
            "spot_source": "Spot from",
            "forward": number("Forward", format="%.3f"),
            "forward_method": "Forward from",
            "count_pairs": number("Pairs", help="Of a call and a put that name a forward."),
            "dispersion_bp": number(
                "Pairs apart, bp", format="%.2f", help="Weighted median distance, of the forward."
            ),
            "rate": number("Rate, %", format="%.2f"),
            "rate_source": "Rate from",
            "count_dividends": number("Dividends"),
            "dividends": number("Worth, $", format="%.3f", help="Their present value."),
            "carry": number(
                "Carry, %", format="%.2f", help="Rate less borrow and unannounced yield, a year."
            ),
            "feed_role": "Priced from",
            "reason": "Reason",
        },
    )
    if any(row["rate_source"] == "default" for row in rows):
        st.caption(
            "No rate curve was known: the setting `option_default_rate` stands in. Put rates into "
            "reference/rates of the lake."
        )
    lonely = sum(row["forward_method"] == "dividends" for row in rows)
    if lonely:
        st.caption(
            f"{lonely} of {len(rows)} forwards are from rate and dividends: fewer than two pairs "
            "of a call and a put were priced together, or they disagreed."
        )


_NAMES = {
    "underlying_price": "the chain's rows",
    "minute_bar": "minute bar",
    "session_close": "session close",
    "parity": "put-call parity",
    "dividends": "rate and dividends",
    "curve": "rate curve",
    "default": "default setting",
}


def _times(value: float | None) -> float | None:
    return None if value is None else 100 * value
