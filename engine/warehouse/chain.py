"""One expiry's chain from the published warehouse: calls and puts of a strike side by side."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from engine.errors import QueryError
from engine.warehouse.query import Answer, ask, tables

TABLE, SMILES, CODES = "option_marks", "iv_smiles", "reason_codes"
_NEAR_DAYS = 30  # the expiry that is shown when none is named


@dataclass(frozen=True)
class Chain:
    """A chain and what it was priced against.

    Parameters
    ----------
    underlying, session, expiration
        Whose, when, until when.
    expirations
        All of the session.
    roots
        Facts of each root that has the expiry: root, days, spot, forward, and atm_iv and
        fit_source where the version has smiles.
    answer
        A row for each root and strike: `call_*` and `put_*` columns.
    """

    underlying: str
    session: dt.date
    expiration: dt.date
    expirations: Sequence[dt.date]
    roots: Sequence[dict[str, Any]]
    answer: Answer


def find(
    connection: duckdb.DuckDBPyConnection,
    symbol: str,
    session: dt.date | None = None,
    expiration: dt.date | None = None,
    near: int | None = None,
) -> Chain:
    """Return the chain of an underlying, or of one root of it.

    Parameters
    ----------
    connection
        A cursor of the published warehouse.
    symbol
        An underlying or a root, in any case.
    session
        By default the newest.
    expiration
        By default the one nearest to 30 days.
    near
        Strikes on each side of the forward; all of them by default.

    Raises
    ------
    QueryError
        When the version has no chains, or none of this symbol, session or expiry.
    """
    known = tables(connection)
    if TABLE not in known:
        raise QueryError(
            f"This version has no {TABLE}: it was built without option chains.",
            "Import chains with `quant lake import`, then `quant build`.",
        )
    condition, wanted = _symbol(connection, symbol.strip().upper())
    session = _session(connection, condition, wanted, session)
    where = f"{condition} and session_date = ?"
    expirations = _column(
        connection,
        f"select distinct expiration from {TABLE} where {where} order by 1",
        [wanted, session],
    )
    expiration = _expiration(wanted, session, expirations, expiration)
    where += " and expiration = ?"
    parameters = [wanted, session, expiration]
    roots = _records(
        connection,
        f"select root, any_value(underlying) as underlying, max(t) * 365 as days, "
        f"any_value(spot) as spot, any_value(forward) as forward from {TABLE} "
        f"where {where} group by root order by root",
        parameters,
    )
    if SMILES in known:
        smiles = _records(
            connection, f"select root, atm_iv, fit_source from {SMILES} where {where}", parameters
        )
        by_root = {row["root"]: row for row in smiles}
        roots = [{**row, **by_root.get(row["root"], {})} for row in roots]
    return Chain(
        roots[0]["underlying"],
        session,
        expiration,
        expirations,
        roots,
        ask(connection, _sql(condition, wanted, session, expiration, near)),
    )


def meanings(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return what each reason code means."""
    if CODES not in tables(connection):
        return {}
    rows = connection.execute(f"select code, meaning from {CODES}").fetchall()
    return dict(rows)


_SIDE = ("bid", "ask", "mark", "mark_source", "iv", "delta", "open_interest", "volume", "reason")


def _sql(
    condition: str, wanted: str, session: dt.date, expiration: dt.date, near: int | None
) -> str:
    """Return the query for a chain; its values were checked or come from the warehouse."""
    where = condition.replace("?", "'" + wanted.replace("'", "''") + "'")
    sides = ",\n".join(
        f"max({name}) filter (option_type = '{kind}') as {side}_{name}"
        for side, kind in (("call", "C"), ("put", "P"))
        for name in _SIDE
    )
    cut = (
        ""
        if near is None
        else "qualify row_number() over (partition by root, is_above "
        f"order by abs(strike - middle)) <= {int(near)}"
    )
    return f"""
    with rows as (
        select *, strike::double as strike_dollars
        from {TABLE}
        where {where} and session_date = date '{session}' and expiration = date '{expiration}'
    ),
    strikes as (
        select
            session_date, underlying, root, expiration, strike_dollars as strike,
            coalesce(max(forward), max(spot), median(strike_dollars)) as middle,
            {sides}
        from rows
        group by session_date, underlying, root, expiration, strike_dollars
    ),
    kept as (
        select *, strike >= middle as is_above from strikes {cut}
    )
    select * exclude (middle, is_above) from kept order by root, strike
    """


def _symbol(connection: duckdb.DuckDBPyConnection, wanted: str) -> tuple[str, str]:
    """Return the condition that a symbol means, as underlying before as root."""
    pairs = connection.execute(f"select distinct underlying, root from {TABLE}").fetchall()
    underlyings, roots = ({pair[place] for pair in pairs} for place in (0, 1))
    if wanted in underlyings:
        return "underlying = ?", wanted
    if wanted in roots:
        return "root = ?", wanted
    every = sorted(underlyings | roots)
    close = difflib.get_close_matches(wanted, every, n=3, cutoff=0.5)
    if close:
        hint = f"Did you mean {' or '.join(close)}?"
    elif every:
        shown = ", ".join(every[:20]) + (", ..." if len(every) > 20 else "")
        hint = f"There are chains of {shown}."
    else:
        hint = "Import chains with `quant lake import`, then `quant build`."
    raise QueryError(f"There is no chain of {wanted}.", hint)


def _session(
    connection: duckdb.DuckDBPyConnection, condition: str, wanted: str, session: dt.date | None
) -> dt.date:
    every: list[dt.date] = _column(
        connection,
        f"select distinct session_date from {TABLE} where {condition} order by 1",
        [wanted],
    )
    if session is None:
        return every[-1]
    if session not in every:
        before = [day for day in every if day < session]
        after = [day for day in every if day > session]
        beside = [str(day) for day in (*before[-1:], *after[:1])]
        raise QueryError(
            f"There is no chain of {wanted} on {session}.",
            f"The nearest: {' and '.join(beside)}; in all {len(every)} sessions from {every[0]} "
            f"to {every[-1]}.",
        )
    return session


def _expiration(
    wanted: str, session: dt.date, every: Sequence[dt.date], expiration: dt.date | None
) -> dt.date:
    if expiration is None:
        return min(every, key=lambda day: abs((day - session).days - _NEAR_DAYS))
    if expiration not in every:
        nearest = sorted(sorted(every, key=lambda day: abs((day - expiration).days))[:6])
        raise QueryError(
            f"{wanted} has no contract on {session} that expires on {expiration}.",
            f"The nearest expiries: {', '.join(map(str, nearest))}.",
        )
    return expiration


def _column(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object]
) -> list[Any]:
    return [row[0] for row in connection.execute(sql, list(parameters)).fetchall()]


def _records(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object]
) -> list[dict[str, Any]]:
    return connection.sql(sql, params=list(parameters)).to_arrow_table().to_pylist()  # type: ignore[no-any-return]
