"""What the Options page asks of one contract: which it is, and its story session by session."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa

from app import warehouse
from app.queries.chains import MARKS

CONTRACTS, ROWS = "dim_contracts", "stg_lake__options"
MOST_SESSIONS = 1_000
_UNSEEN_DAYS = 60  # calendar days that a contract may keep a mark after it was last seen

_OCC = re.compile(r"^(?:O:)?\s*([A-Z]{1,6})\s*(\d{6})\s*([CP])\s*(\d{8})$")
_WORDS = re.compile(
    r"^([A-Z]{1,6})\s+(\d{4}-?\d{2}-?\d{2})\s+(?:([\d.]+)\s*(CALL|PUT|C|P)|(CALL|PUT|C|P)\s*([\d.]+))$"
)


@dataclass(frozen=True)
class Contract:
    """What names a contract."""

    root: str
    expiration: dt.date
    strike: Decimal
    option_type: str

    @property
    def title(self) -> str:
        """Its name for people."""
        kind = "call" if self.option_type == "C" else "put"
        return f"{self.root} {self.expiration} {float(self.strike):g} {kind}"


def parse(text: str) -> Contract | None:
    """Return the contract that a text names, as OCC writes it or in words; None for none.

    Examples
    --------
    >>> parse("O:SPY260320C00600000").title
    'SPY 2026-03-20 600 call'
    >>> parse("spy 2026-03-20 600 put").option_type
    'P'
    """
    wanted = text.strip().upper()
    try:
        if found := _OCC.match(wanted):
            root, day, kind, strike = found.groups()
            expiration = dt.datetime.strptime(day, "%y%m%d").date()
            return Contract(root, expiration, Decimal(strike) / 1000, kind)
        if found := _WORDS.match(wanted):
            root, day, before, kind, kind_first, after = found.groups()
            expiration = dt.date.fromisoformat(day)
            strike = Decimal(before or after)
            return Contract(root, expiration, strike, (kind or kind_first)[0])
    except (ValueError, ArithmeticError):
        return None
    return None


def known(contract: Contract) -> dict[str, Any] | None:
    """Return what `dim_contracts` knows of a contract; None when it was never seen."""
    rows = warehouse.records(
        f"""
        select * from {CONTRACTS}
        where root = ? and expiration = ? and strike = ? and option_type = ?
        limit 1
        """,
        contract.root,
        contract.expiration,
        contract.strike,
        contract.option_type,
    )
    return rows[0] if rows else None


def strikes(
    underlying: str, session: dt.date, root: str, expiration: dt.date, kind: str
) -> list[Decimal]:
    """Return the strikes of an expiry's calls or puts in a session, in order."""
    rows = warehouse.records(
        f"""
        select distinct strike from {MARKS}
        where
            underlying = ? and session_date = ? and root = ? and expiration = ?
            and option_type = ?
        order by strike
        limit 2000
        """,
        underlying,
        session,
        root,
        expiration,
        kind,
    )
    return [row["strike"] for row in rows]


_STORY = f"""
select
    session_date,
    strftime(session_date, '%Y-%m-%d') as "at",
    mark,
    mark_source,
    mark_age,
    bid,
    ask,
    quote_check,
    100 * iv as iv,
    iv_source,
    delta,
    gamma,
    vega,
    theta,
    volume,
    open_interest,
    spot,
    is_observed,
    reason
from {MARKS}
where
    session_date between ? and ?
    and underlying = ? and root = ? and expiration = ? and strike = ? and option_type = ?
order by session_date
"""


def story(contract: Contract, facts: dict[str, Any]) -> pa.Table:
    """Return a contract's marks session by session, the last `MOST_SESSIONS` at most.

    Parameters
    ----------
    contract
        Which.
    facts
        Of it; see `known`.
    """
    first, last = facts["first_seen"], facts["last_seen"]
    last = min(last + dt.timedelta(days=_UNSEEN_DAYS), max(last, contract.expiration))
    first = max(first, last - dt.timedelta(days=int(MOST_SESSIONS * 365 / 252)))
    return warehouse.table(
        _STORY,
        first,
        last,
        facts["underlying"],
        contract.root,
        contract.expiration,
        contract.strike,
        contract.option_type,
    )


def file_rows(contract: Contract, underlying: str, session: dt.date) -> list[dict[str, Any]]:
    """Return the rows of the lake's files for a contract and session, the first 200."""
    return warehouse.records(
        f"""
        select
            source, known_at, bar_seconds, bid, ask, bid_size, ask_size, open, high, low, close,
            volume, open_interest, underlying_price
        from {ROWS}
        where
            session_date = ? and underlying = ? and root = ? and expiration = ? and strike = ?
            and option_type = ?
        order by known_at
        limit 200
        """,
        session,
        underlying,
        contract.root,
        contract.expiration,
        contract.strike,
        contract.option_type,
    )


def meanings(codes: list[str]) -> dict[str, str]:
    """Return what reason codes mean."""
    if not codes or warehouse.missing("reason_codes"):
        return {}
    marks = ", ".join("?" for _ in codes)
    rows = warehouse.records(
        f"select code, any_value(meaning) as meaning from reason_codes where code in ({marks}) "
        "group by 1",
        *codes,
    )
    return {row["code"]: row["meaning"] for row in rows}
