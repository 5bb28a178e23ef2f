"""Raw: returns, ranges, volatility, position, trend, volume, liquidity and the calendar."""

from __future__ import annotations

from engine.features.raw import (
    calendar,
    candle,
    garch,
    liquidity,
    position,
    returns,
    session,
    volatility,
    volume,
)
from engine.features.registry import Family
from engine.features.udf import SessionUdf

ORDER = 10
SCOPE = "daily"

FAMILIES: tuple[Family, ...] = (
    *returns.FAMILIES,
    *candle.FAMILIES,
    *volatility.ESTIMATORS,
    *session.REALISED,
    *volatility.RATIOS,
    *garch.FAMILIES,
    *volatility.DOWNSIDE,
    *position.FAMILIES,
    *volume.FAMILIES,
    *session.VOLUME_SHARES,
    *liquidity.SPREADS,
    *session.STILLNESS,
    *liquidity.TRADE_SIZE,
    *session.AUTOCORRELATION,
    *calendar.FAMILIES,
)

SESSION_UDFS: tuple[SessionUdf, ...] = (session.RAW_SESSION,)
