"""One list of reasons: every code in it is given by something, and nothing gives another."""

from __future__ import annotations

import csv
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# Other names in SQL: segments of a day, where prices, forwards and smiles come from.
LABELS = {
    *("day", "pre", "regular", "post"),
    *("good", "locked", "no_quote"),
    *("underlying_price", "minute_bar", "session_close"),
    *("parity", "dividends", "curve", "default"),
    *("own", "earlier", "interpolated", "nearest", "flat", "smile"),
    *("quote_mid", "trade", "trade_day", "surface", "neighbour", "intrinsic"),
}


def seeded():
    with (ROOT / "seeds" / "reason_codes.csv").open() as handle:
        return {row["code"]: row for row in csv.DictReader(handle)}


def sources():
    """Return the text of all code that gives reasons."""
    paths = [
        *(ROOT / "engine").rglob("*.py"),
        *(ROOT / "models").rglob("*.sql"),
        *(ROOT / "macros").rglob("*.sql"),
    ]
    return "\n".join(path.read_text() for path in paths if "simulate" not in path.parts)


def test_every_listed_reason_is_given_by_something():
    text = sources()
    assert [code for code in seeded() if not re.search(rf"['\"]{code}['\"]", text)] == []


def test_every_reason_says_what_it_means_and_what_to_do():
    for row in seeded().values():
        assert len(row["meaning"]) > 20, row
        assert row["remedy"], row


def test_sql_gives_no_reason_that_is_not_listed():
    given = set()
    for path in [*(ROOT / "models").rglob("*.sql"), *(ROOT / "macros").rglob("*.sql")]:
        if "reason" in path.read_text():
            given |= set(re.findall(r"\bthen '([a-z_]+)'", path.read_text()))
    assert given - LABELS <= set(seeded())
    assert "duplicate" in seeded()
