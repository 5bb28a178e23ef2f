"""What the Options page asks of a chain: smiles, term structure, surface, skew, quality.

Every query names an underlying, and a session or a bounded number of them, so that it reads only
the months that it shows.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa

from app import warehouse
from app.queries.prices import WINDOWS
from app.reduce import MOST_BARS, buckets

SMILES, MARKS, SURFACE = "iv_smiles", "option_marks", "iv_surface"
FORWARDS, QUALITY, BALANCE = "option_forwards", "chain_quality", "mark_reconciliation"

# Columns of the surface, from the lowest strike to the highest, and their names for people.
POINTS = {
    "10p": "10Δ put",
    "16p": "16Δ put",
    "25p": "25Δ put",
    "35p": "35Δ put",
    "atm": "at forward",
    "35c": "35Δ call",
    "25c": "25Δ call",
    "16c": "16Δ call",
    "10c": "10Δ call",
}
TENORS = (7, 14, 21, 30, 45, 60, 90, 180)
YEAR = 252  # sessions that a volatility is ranked among
CURVE_STEPS = 120
MOST_EXPIRIES = 400
MOST_POINTS = 2_000

FIT_SOURCES = {
    "own": "its own prices",
    "earlier": "its own shape of an earlier session",
    "interpolated": "between neighbouring expiries",
    "nearest": "the nearest expiry",
    "flat": "its few prices, flat",
    "none": "no smile",
}


def underlyings() -> list[str]:
    """Return the underlyings that have chains, in order."""
    rows = warehouse.records(f"select distinct underlying from {QUALITY} order by 1")
    return [row["underlying"] for row in rows]


def sessions(underlying: str) -> list[dt.date]:
    """Return the sessions of an underlying's chains, the newest first."""
    rows = warehouse.records(
        f"select distinct session_date from {QUALITY} where underlying = ? order by 1 desc "
        "limit 4000",
        underlying,
    )
    return [row["session_date"] for row in rows]


# -- one session -----------------------------------------------------------------------------

_EXPIRIES = f"""
select
    root,
    expiration,
    root || ' ' || strftime(expiration, '%Y-%m-%d') as label,
    t * 365 as days,
    spot,
    forward,
    100 * atm_iv as atm_iv,
    atm_skew,
    fit_source,
    fit_age,
    count_points,
    100 * rmse as rmse,
    100 * worst as worst,
    butterflies,
    reason,
    is_observed,
    known_at,
    lowest_k,
    highest_k
from {SMILES}
where underlying = ? and session_date = ? and t > 0
order by expiration, root
limit {MOST_EXPIRIES}
"""


def expiries(underlying: str, session: dt.date) -> list[dict[str, Any]]:
    """Return each expiry alive with its smile's fit; volatilities and errors in percent."""
    return warehouse.records(_EXPIRIES, underlying, session)


_MARKED = f"""
select
    root,
    expiration,
    count(*) as count_contracts,
    count(mark) as count_marked,
    count(*) filter (iv_source = 'own' and iv is not null) as count_own,
    count(*) filter (mark_source = 'quote_mid') as quote_mid,
    count(*) filter (mark_source = 'trade') as trade,
    count(*) filter (mark_source = 'trade_day') as trade_day,
    count(*) filter (mark_source = 'surface') as surface,
    count(*) filter (mark_source = 'neighbour') as neighbour,
    count(*) filter (mark_source = 'intrinsic') as intrinsic
from {MARKS}
where underlying = ? and session_date = ? and t > 0
group by root, expiration
limit {MOST_EXPIRIES}
"""


def marked(underlying: str, session: dt.date) -> list[dict[str, Any]]:
    """Return how many contracts of each expiry have a mark, and from which source."""
    return warehouse.records(_MARKED, underlying, session)


_POINTS = f"""
select
    strike::double as strike,
    100 * strike::double / forward as moneyness,
    if(option_type = 'C', 'call', 'put') as kind,
    100 * iv as iv,
    if(bid > 0 and vega > 0, 100 * (iv - (mark - bid) / vega), null) as iv_bid,
    if(bid > 0 and vega > 0, 100 * (iv + (ask - mark) / vega), null) as iv_ask,
    printf('%.2f%%', 100 * iv) as iv_text,
    printf('%.2f', mark) || coalesce(' · quote ' || printf('%.2f to %.2f', bid, ask), '')
        as price_text,
    strftime(expiration, '%Y-%m-%d') || printf(' %g ', strike::double)
        || if(option_type = 'C', 'call', 'put') as title,
    mark_source
from {MARKS}
where
    underlying = ? and session_date = ? and root = ? and expiration = ?
    and iv_source = 'own' and iv is not null
    and (strike::double >= forward) = (option_type = 'C')
order by strike
limit {MOST_POINTS}
"""


def points(underlying: str, session: dt.date, root: str, expiration: dt.date) -> pa.Table:
    """Return the out-of-the-money contracts with a volatility of their own, in percent.

    `iv_bid` and `iv_ask` are the volatility less and plus the distance to the quote's sides, by
    vega.
    """
    return warehouse.table(_POINTS, underlying, session, root, expiration)


_CURVE = f"""
with smile as (
    select
        *,
        coalesce(lowest_k, -2.5 * atm_iv * sqrt(t)) as k_from,
        coalesce(highest_k, 2.5 * atm_iv * sqrt(t)) as k_to
    from {SMILES}
    where
        underlying = ? and session_date = ? and root = ? and expiration = ?
        and a is not null and t > 0
    limit 1
),
steps as (
    select
        *,
        k_from + (k_to - k_from) * (1.3 * i / {CURVE_STEPS} - 0.15) as k
    from smile cross join range({CURVE_STEPS} + 1) as r (i)
),
curve as (
    select
        *,
        100 * sqrt(greatest(a + b * (rho * (k - m) + sqrt((k - m) ** 2 + s ** 2)), 0) / t) as iv,
        k between k_from and k_to and fit_source = 'own' as is_drawn_by_points
    from steps
)
select
    forward * exp(k) as strike,
    100 * exp(k) as moneyness,
    if(is_drawn_by_points, iv, null) as fit,
    if(is_drawn_by_points, null, iv) as beyond
from curve
order by k
"""


def curve(underlying: str, session: dt.date, root: str, expiration: dt.date) -> pa.Table:
    """Return the smile of an expiry, percent: `fit` between its points, `beyond` elsewhere.

    A borrowed shape is `beyond` everywhere: no price of the expiry drew it.
    """
    return warehouse.table(_CURVE, underlying, session, root, expiration)


# -- term structure --------------------------------------------------------------------------

_TERM = f"""
select
    greatest(t * 365, 1) as days,
    100 * atm_iv as iv,
    fit_source = 'own' as is_own,
    root || ' ' || strftime(expiration, '%Y-%m-%d') as title,
    printf('%.2f%% · ', 100 * atm_iv) || count_points || ' points' as text
from {SMILES}
where underlying = ? and session_date = ? and t >= 0.999 / 365 and atm_iv is not null
order by t, root
limit {MOST_EXPIRIES}
"""

_MATURITIES = f"""
select tenor_days::double as days, 100 * iv as iv, printf('%.2f%%', 100 * iv) as text
from {SURFACE}
where underlying = ? and session_date = ? and point = 'atm' and iv is not null
order by tenor_days
"""

_FORWARDS = f"""
select
    root || ' ' || strftime(expiration, '%Y-%m-%d') as label,
    t * 365 as days,
    spot,
    spot_source,
    forward,
    forward_method,
    count_pairs,
    10000 * dispersion / forward as dispersion_bp,
    rate,
    rate_source,
    count_dividends,
    dividends,
    carry,
    feed_role,
    reason
from {FORWARDS}
where underlying = ? and session_date = ? and t > 0
order by expiration, root
limit {MOST_EXPIRIES}
"""


def term(underlying: str, session: dt.date) -> pa.Table:
    """Return the volatility at the forward, percent, of each expiry of a day and more."""
    return warehouse.table(_TERM, underlying, session)


def maturities(underlying: str, session: dt.date) -> pa.Table:
    """Return the volatility at the forward for constant maturities, percent."""
    return warehouse.table(_MATURITIES, underlying, session)


def forwards(underlying: str, session: dt.date) -> list[dict[str, Any]]:
    """Return what each expiry is priced from: spot, forward, rate, dividends."""
    return warehouse.records(_FORWARDS, underlying, session)


# -- surface ---------------------------------------------------------------------------------

LEVEL, CHANGE, PLACE = "Level", "Change in a session", "Place in its last year"

_SURFACE = f"""
with days as (
    select distinct session_date
    from {SURFACE}
    where underlying = ? and session_date <= ?
    order by session_date desc
    limit {YEAR}
),
year as (
    select session_date, tenor_days, point, iv, reason
    from {SURFACE}
    where
        underlying = ? and session_date <= ?
        and session_date >= (select min(session_date) from days)
),
grid as (
    select
        tenor_days,
        point,
        max(iv) filter (session_date = ?) as iv,
        max(reason) filter (session_date = ?) as reason,
        max(iv) filter (
            session_date = (select max(session_date) from days where session_date < ?)
        ) as last_iv,
        list(iv) filter (iv is not null) as every
    from year
    group by tenor_days, point
)
select
    tenor_days,
    point,
    100 * iv as iv,
    100 * (iv - last_iv) as change,
    if(
        iv is null, null,
        (len(list_filter(every, lambda one: one < iv))
            + 0.5 * len(list_filter(every, lambda one: one = iv))) / len(every)
    ) as place,
    coalesce(len(every), 0) as count_year,
    reason
from grid
order by tenor_days, point
limit 1000
"""


def surface(underlying: str, session: dt.date) -> list[dict[str, Any]]:
    """Return the surface of a session: level and change in percent, place among a year's."""
    return warehouse.records(
        _SURFACE, underlying, session, underlying, session, session, session, session
    )


# -- through time ----------------------------------------------------------------------------


def skew(underlying: str, until: dt.date, tenor: int, window: str) -> pa.Table:
    """Return volatility, risk reversal and butterfly of a maturity through time, in points.

    Parameters
    ----------
    underlying, until
        Whose, and the last session.
    tenor
        Days, one of `TENORS`.
    window
        One of `app.queries.prices.WINDOWS`.

    Returns
    -------
    pyarrow.Table
        at, atm, risk_reversal (25-delta call less put), butterfly (their mean less atm),
        count_sessions (of the step; each shows its last).
    """
    sql = f"""
    with days as (
        select
            session_date,
            100 * max(iv) filter (point = 'atm') as atm,
            100 * max(iv) filter (point = '25p') as put,
            100 * max(iv) filter (point = '25c') as call
        from {SURFACE}
        where
            underlying = ? and session_date <= ? and tenor_days = ?
            and point in ('25p', 'atm', '25c')
        group by session_date
        order by session_date desc
        limit ?
    ),
    numbered as ({buckets("days", "session_date", MOST_BARS)})
    select
        strftime(max(session_date), '%Y-%m-%d') as "at",
        arg_max_null(atm, session_date) as atm,
        arg_max_null(call - put, session_date) as risk_reversal,
        arg_max_null((call + put) / 2 - atm, session_date) as butterfly,
        count(*) as count_sessions
    from numbered
    group by bucket
    order by bucket
    """
    return warehouse.table(sql, underlying, until, tenor, WINDOWS[window])


_HEADLINE = f"""
select
    max(iv) filter (point = 'atm') as atm,
    max(iv) filter (point = '25c') - max(iv) filter (point = '25p') as risk_reversal
from {SURFACE}
where underlying = ? and session_date = ? and tenor_days = 30
"""


def headline(underlying: str, session: dt.date) -> dict[str, Any]:
    """Return 30-day volatility and 25-delta risk reversal of a session, fractions."""
    return warehouse.record(_HEADLINE, underlying, session)


# -- quality ---------------------------------------------------------------------------------

KINDS = {
    "quote": "Quotes",
    "volatility": "Volatilities",
    "mark": "Marks",
    "smile": "Smiles",
    "arbitrage": "Arbitrage",
}


def quality(underlying: str, session: dt.date) -> list[dict[str, Any]]:
    """Return the counts of a session by kind and code, with what a code means."""
    if warehouse.missing("reason_codes"):
        meaning, join = "null::varchar", ""
    else:
        meaning, join = "codes.meaning", "left join reason_codes as codes on codes.code = q.code"
    return warehouse.records(
        f"""
        select q.kind, q.code, q.count_rows::bigint as count_rows, {meaning} as meaning
        from {QUALITY} as q {join}
        where q.underlying = ? and q.session_date = ?
        order by q.kind, q.count_rows desc, q.code
        limit 200
        """,
        underlying,
        session,
    )


def quality_in_time(underlying: str, kind: str, until: dt.date, window: str) -> pa.Table:
    """Return the counts of a kind by step and code: at, code, amount (mean a session)."""
    sql = f"""
    with days as (
        select distinct session_date from {QUALITY}
        where underlying = ? and session_date <= ?
        order by session_date desc
        limit ?
    ),
    numbered as ({buckets("days", "session_date", 126)}),
    steps as (
        select
            session_date,
            strftime(max(session_date) over (partition by bucket), '%Y-%m-%d') as "at",
            count(*) over (partition by bucket) as count_sessions
        from numbered
    )
    select
        steps."at",
        q.code,
        round(sum(q.count_rows) / max(steps.count_sessions), 1) as amount,
        max(steps.count_sessions) as count_sessions
    from {QUALITY} as q
    inner join steps on steps.session_date = q.session_date
    where q.underlying = ? and q.kind = ?
    group by 1, 2
    order by 1, 2
    """
    return warehouse.table(sql, underlying, until, WINDOWS[window], underlying, kind)


def balance(underlying: str, session: dt.date) -> dict[str, Any] | None:
    """Return the contracts of a session's files against those marked and reasoned."""
    if warehouse.missing(BALANCE):
        return None
    rows = warehouse.records(
        f"select * from {BALANCE} where underlying = ? and session_date = ? limit 1",
        underlying,
        session,
    )
    return rows[0] if rows else None
