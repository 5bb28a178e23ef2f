"""Tables of a study as Markdown."""

from __future__ import annotations

import math
from typing import Any

import duckdb

# How an option lies, by the delta of the out-of-the-money side of its strike, and for how long.
REGION = """
    case
        when call_delta > 0.95 then '1 put under 5'
        when call_delta > 0.75 then '2 put 5 to 25'
        when call_delta > 0.5 then '3 put 25 to 50'
        when call_delta > 0.25 then '4 call 25 to 50'
        when call_delta > 0.05 then '5 call 5 to 25'
        else '6 call under 5'
    end
"""
LENGTH = """
    case
        when dte <= 7 then '1: 0-7'
        when dte <= 30 then '2: 8-30'
        when dte <= 90 then '3: 31-90'
        when dte <= 365 then '4: 91-365'
        else '5: over 365'
    end
"""


def table(connection: duckdb.DuckDBPyConnection, title: str, query: str) -> str:
    """Return a query's rows as a Markdown table under a title."""
    result = connection.execute(query)
    names = [column[0].replace("_", " ") for column in result.description]
    rows = result.fetchall()
    lines = [f"**{title}**", "", "| " + " | ".join(names) + " |"]
    lines.append("|" + "|".join("---" if i == 0 else "---:" for i in range(len(names))) + "|")
    lines += ["| " + " | ".join(_text(value) for value in row) + " |" for row in rows]
    return "\n".join([*lines, ""])


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"
    if isinstance(value, int):
        return f"{value:,}"
    text = str(value)
    return text[2:].strip(": ") if text[:1].isdigit() and text[1:2] in (" ", ":") else text
