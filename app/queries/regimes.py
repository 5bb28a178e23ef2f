"""What the Regimes page asks: which regime holds, how it changes, how long it lasts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from app import warehouse
from app.queries.prices import WINDOWS
from app.reduce import MOST_BARS, buckets, candles

TABLE = "regimes_daily"
DEFINITIONS = "regime_definitions"
PROBABILITIES = ("p_low", "p_mid", "p_high")
MOST_BARS_COUNTED = 252  # where the counters of regimes_daily stop


@dataclass(frozen=True)
class Family:
    """One way to name regimes.

    Parameters
    ----------
    key
        Its name in regime_definitions.
    title
        Its name for people.
    column
        Of regimes_daily.
    names
        Of the regimes, in order, where the version does not define them.
    """

    key: str
    title: str
    column: str
    names: tuple[str, ...]


FAMILIES = (
    Family(
        "combined", "Combined", "combined_regime", ("up_calm", "up_wild", "down_calm", "down_wild")
    ),
    Family("vix", "VIX", "vix_regime", ("PAUSE", "SUBOPTIMAL", "OPTIMAL")),
    Family("trend", "Trend", "trend", ("STRONG_DOWN", "DOWN", "NEUTRAL", "UP", "STRONG_UP")),
    Family("hmm", "Hidden Markov", "hmm_state", ("low", "mid", "high")),
)


def families() -> list[Family]:
    """Return the families whose column this version has."""
    known = warehouse.columns(TABLE)
    return [family for family in FAMILIES if family.column in known]


def names(family: Family) -> list[str]:
    """Return the regimes of a family in the order of their codes; any others come last."""
    listed = list(family.names)
    if not warehouse.missing(DEFINITIONS):
        rows = warehouse.records(
            f"select name from {DEFINITIONS} where regime_family = ? group by 1 order by min(code)",
            family.key,
        )
        listed = [row["name"] for row in rows] or listed
    rows = warehouse.records(
        f"select distinct {family.column} as name from {TABLE} "
        f"where {family.column} is not null order by 1 limit 100"
    )
    return [*listed, *(row["name"] for row in rows if row["name"] not in listed)]


def definitions(family: Family) -> pa.Table:
    """Return what the regimes of a family mean and where their bounds are."""
    return warehouse.table(
        f"""
        select name, measure, lower_bound, upper_bound, hysteresis, meaning
        from {DEFINITIONS} where regime_family = ? order by code, measure limit 200
        """,
        family.key,
    )


def symbols() -> list[str]:
    """Return the symbols that have rows."""
    rows = warehouse.records(f"select distinct symbol from {TABLE} order by 1")
    return [row["symbol"] for row in rows]


def newest(symbol: str) -> dict[str, Any]:
    """Return a symbol's last row; it has one."""
    return warehouse.record(
        f"select * from {TABLE} where symbol = ? order by session_date desc limit 1", symbol
    )


def board() -> list[dict[str, Any]]:
    """Return the last row of each symbol."""
    return warehouse.records(
        f"""
        select * from {TABLE}
        qualify row_number() over (partition by symbol order by session_date desc) = 1
        order by symbol
        limit 2000
        """
    )


def shaded(symbol: str, family: Family, window: str) -> pa.Table:
    """Return a symbol's daily candles, adjusted, with the regime that was known before each opened.

    Returns
    -------
    pyarrow.Table
        at, open, close, low, high, regime (the last of a step), s0 ... (1 where the regime is
        that of `names`, else NULL), p_low, p_mid, p_high (NULL where the version has none),
        count_sessions.
    """
    known = warehouse.columns(TABLE)
    listed = names(family)
    states = ", ".join(
        f"case when arg_max_null(regime, day) = ? then 1 end as s{place}"
        for place in range(len(listed))
    )
    probabilities = [name if name in known else f"null::double as {name}" for name in PROBABILITIES]
    last = ", ".join(f"arg_max_null({name}, day) as {name}" for name in PROBABILITIES)
    return warehouse.table(
        f"""
        with bars as (select * from bars_1d where symbol = ?),
        known as (
            select session_date, {family.column} as regime, {", ".join(probabilities)}
            from {TABLE} where symbol = ?
        ),
        days as (
            select
                coalesce(bars.session_date, known.session_date) as day,
                bars.adj_open as open, bars.adj_high as high,
                bars.adj_low as low, bars.adj_close as close,
                known.regime, {", ".join(f"known.{name}" for name in PROBABILITIES)}
            from bars full join known on bars.session_date = known.session_date
            order by day desc limit ?
        ),
        numbered as ({buckets("days", "day", MOST_BARS)})
        select
            strftime(min(day), '%Y-%m-%d') as "at",
            {candles("day")},
            arg_max_null(regime, day) as regime,
            {states},
            {last},
            count(*) as count_sessions
        from numbered
        group by bucket
        order by bucket
        """,
        symbol,
        symbol,
        WINDOWS[window] + 1,
        *listed,
    )


def transitions(symbol: str, family: Family) -> list[dict[str, Any]]:
    """Return how often a session in one regime was followed by one in another.

    Returns
    -------
    list of dict
        before, after, n, share (of the sessions in `before` that have a regime after them).
    """
    return warehouse.records(
        f"""
        with steps as (
            select
                {family.column} as before,
                lead({family.column}) over (order by session_date) as after
            from {TABLE} where symbol = ?
        )
        select before, after, count(*) as n, count(*) / sum(count(*)) over (partition by before)
            as share
        from steps
        where before is not null and after is not null
        group by 1, 2
        order by 1, 2
        limit 1000
        """,
        symbol,
    )


# lower ends of the bins of durations
DURATIONS = (1, 2, 3, 6, 11, 22, 64)


def duration_labels() -> list[str]:
    """Return what the bins of durations are called."""
    ends = [*(end - 1 for end in DURATIONS[1:]), None]
    return [
        f"{start}+" if end is None else str(start) if start == end else f"{start}–{end}"
        for start, end in zip(DURATIONS, ends, strict=True)
    ]


_RUNS = """
with labelled as (
    select
        session_date,
        {column} as regime,
        row_number() over (order by session_date) as i,
        row_number() over (partition by {column} order by session_date) as j,
        lag({column}) over (order by session_date) as before,
        lead({column}) over (order by session_date) as after
    from regimes_daily where symbol = ?
),
runs as (
    select
        regime,
        min(session_date) as first_session,
        count(*) as sessions,
        -- a run that begins or ends where nothing is known may have been longer
        count(*) filter (before is null or after is null) = 0 as is_whole
    from labelled
    where regime is not null
    group by regime, i - j
)
"""


def durations(symbol: str, family: Family) -> dict[str, list[int]]:
    """Return how many whole runs of each regime lasted how long, by `DURATIONS`."""
    cases = " ".join(
        f"when sessions >= {start} then {place}"
        for place, start in reversed(list(enumerate(DURATIONS)))
    )
    rows = warehouse.records(
        _RUNS.format(column=family.column)
        + f"select regime, case {cases} end as bin, count(*) as n from runs "
        "where is_whole group by 1, 2 limit 1000",
        symbol,
    )
    found = {name: [0] * len(DURATIONS) for name in names(family)}
    for row in rows:
        found[row["regime"]][row["bin"]] = row["n"]
    return found


def statistics(symbol: str, family: Family) -> list[dict[str, Any]]:
    """Return how common and how lasting each regime was, and what the price did in it.

    Returns
    -------
    list of dict
        regime, sessions, share (of the sessions with a regime), runs, mean_run, median_run
        (sessions of whole runs), longest (of any), and of the log returns from close to close of
        its sessions the mean and the deviation, both a year (None without bars).
    """
    rows = warehouse.records(
        _RUNS.format(column=family.column)
        + """
        select
            regime,
            sum(sessions)::bigint as sessions,
            sum(sessions) / sum(sum(sessions)) over () as share,
            count(*) as runs,
            avg(sessions) filter (is_whole) as mean_run,
            median(sessions) filter (is_whole) as median_run,
            max(sessions) as longest
        from runs group by 1
        """,
        symbol,
    )
    returns = {} if warehouse.missing("bars_1d") else _returns(symbol, family)
    nothing = {"mean_return": None, "volatility": None}
    by_name = {row["regime"]: {**row, **returns.get(row["regime"], nothing)} for row in rows}
    return [by_name[name] for name in names(family) if name in by_name]


def _returns(symbol: str, family: Family) -> dict[str, dict[str, float | None]]:
    rows = warehouse.records(
        f"""
        with returns as (
            select
                session_date,
                ln(nullif(adj_close, 0) / nullif(lag(adj_close) over (order by session_date), 0))
                    as r
            from bars_1d where symbol = ?
        )
        select
            {family.column} as regime,
            252 * avg(r) as mean_return,
            sqrt(252) * stddev_samp(r) as volatility
        from {TABLE} inner join returns using (session_date)
        where symbol = ? and {family.column} is not null
        group by 1
        """,
        symbol,
        symbol,
    )
    return {row.pop("regime"): row for row in rows}
