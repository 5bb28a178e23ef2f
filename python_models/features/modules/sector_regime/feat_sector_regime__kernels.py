"""Kernel columns of the sector regime module; unchanged rows are kept."""

from engine.features.append import previous_rows
from engine.features.assemble import market_batches


def model(dbt, session):
    previous = previous_rows(session, str(dbt.this))
    return market_batches("sector_regime", dbt.ref("int_market__panel"), previous)
