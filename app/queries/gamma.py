"""What the Options page asks of gamma exposure: by strike in a session, and its levels in time."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa

from app import warehouse
from app.queries.prices import WINDOWS
from app.reduce import MOST_BARS, buckets

PROFILE, LEVELS, CURVE = "gex_profile", "gex_levels", "gex_curve"
MILLION = 1e6
MOST_STRIKES = 1_200

# Puts are what the net has beside calls, whatever sign convention the build was made with.
_PROFILE = f"""
with strikes as (
    select
        strike::double as strike,
        100 * (strike::double / spot - 1) as distance,
        gex_call / {MILLION} as calls,
        (gex_net - gex_call) / {MILLION} as puts,
        gex_net / {MILLION} as net,
        call_oi,
        put_oi
    from {PROFILE}
    where underlying = ? and session_date = ?
)
select
    *,
    printf('strike %g, %+.1f%% from spot', strike, distance) as title,
    format('net {{:,.2f}} M · calls {{:,.2f}} M · puts {{:,.2f}} M', net, calls, puts) as gex_text,
    format('open interest: {{:,}} calls, {{:,}} puts', call_oi::bigint, put_oi::bigint) as oi_text
from strikes
where abs(distance) <= ?
order by abs(distance)
limit {MOST_STRIKES}
"""


def profile(underlying: str, session: dt.date, reach: float) -> pa.Table:
    """Return exposure by strike, millions of dollars a 1% move, within so many % of spot."""
    table = warehouse.table(_PROFILE, underlying, session, reach)
    return table.sort_by("strike")


_CURVE = f"""
select
    spot_at as price,
    gex_net / {MILLION} as net,
    printf('price %.2f', spot_at) as title,
    format('net {{:,.2f}} M', gex_net / {MILLION}) as gex_text
from {CURVE}
where underlying = ? and session_date = ?
order by spot_at
limit {MOST_STRIKES}
"""


def curve(underlying: str, session: dt.date) -> pa.Table:
    """Return the net exposure where the price might go, millions of dollars a 1% move."""
    return warehouse.table(_CURVE, underlying, session)


def levels(underlying: str, session: dt.date) -> dict[str, Any] | None:
    """Return net exposure, flip and walls of a session; None when it has none."""
    rows = warehouse.records(
        f"select * from {LEVELS} where underlying = ? and session_date = ? limit 1",
        underlying,
        session,
    )
    return rows[0] if rows else None


def in_time(underlying: str, until: dt.date, window: str) -> pa.Table:
    """Return the levels through time: at, spot, flip, call_wall, put_wall, net (millions)."""
    sql = f"""
    with days as (
        select * from {LEVELS}
        where underlying = ? and session_date <= ?
        order by session_date desc
        limit ?
    ),
    numbered as ({buckets("days", "session_date", MOST_BARS)})
    select
        strftime(max(session_date), '%Y-%m-%d') as "at",
        arg_max_null(spot, session_date) as spot,
        arg_max_null(gamma_flip, session_date) as flip,
        arg_max_null(call_wall::double, session_date) as call_wall,
        arg_max_null(put_wall::double, session_date) as put_wall,
        arg_max_null(net_gex, session_date) / {MILLION} as net,
        count(*) as count_sessions
    from numbered
    group by bucket
    order by bucket
    """
    return warehouse.table(sql, underlying, until, WINDOWS[window])
