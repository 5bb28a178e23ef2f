"""The calendar of a session, known before it opens and therefore not lagged.

Computed in `models/features/modules/raw/feat_raw_calendar.sql` from `dim_sessions`.
"""

from __future__ import annotations

from engine.features.registry import Family


def _calendar(name: str, formula: str, units: str, source: str, why: str = "") -> Family:
    return Family(
        pattern=name,
        formula=formula,
        units=units,
        source=source,
        inputs=("exchange calendar",),
        engine="sql",
        oracle="exchange_calendars XNYS",
        lookback=lambda w: 1,
        lag="none",
        why=why,
    )


_OPEX = "Ni, Pearson, Poteshman 2005"

FAMILIES = (
    _calendar(
        "raw_dow_sin", "sin(2 pi d / 5), d = 0 on Monday to 4 on Friday", "cycle", "standard"
    ),
    _calendar(
        "raw_dow_cos", "cos(2 pi d / 5), d = 0 on Monday to 4 on Friday", "cycle", "standard"
    ),
    _calendar("raw_moy_sin", "sin(2 pi (m - 1) / 12), m the month", "cycle", "standard"),
    _calendar("raw_moy_cos", "cos(2 pi (m - 1) / 12), m the month", "cycle", "standard"),
    _calendar("raw_tdom", "session of the month, from 1", "sessions", "Ariel 1987"),
    _calendar(
        "raw_tdom_to_end", "sessions left in the month, 0 on the last", "sessions", "Ariel 1987"
    ),
    _calendar(
        "raw_days_to_opex",
        "sessions to the next monthly expiration, 0 on it",
        "sessions",
        _OPEX,
        "In sessions, like every other distance in time.",
    ),
    _calendar(
        "raw_opex_week",
        "1 in the week (Monday to Friday) of the monthly expiration, else 0",
        "flag",
        _OPEX,
    ),
    _calendar("raw_halfday", "1 when the session closes early, else 0", "flag", "standard"),
)
