"""Options: the cost of volatility, its smile and term structure, its premium, who trades what.

Levels of a session's chain come as extra columns from `int_session__option_volatility` and
`int_session__option_activity`. What they are made of is known by the session's close; the rows
are used from the next open on.
"""

from engine.features.options_feature_engineer import activity, money, skew, surface, term, variance
from engine.features.options_feature_engineer.session import SESSION_UDFS

ORDER = 300
SCOPE = "options"

FAMILIES = (
    *money.FAMILIES,
    *skew.FAMILIES,
    *term.FAMILIES,
    *variance.FAMILIES,
    *activity.FAMILIES,
    *surface.FAMILIES,
)

__all__ = ["FAMILIES", "ORDER", "SCOPE", "SESSION_UDFS"]
