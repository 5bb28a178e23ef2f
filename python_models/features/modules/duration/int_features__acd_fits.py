"""Quarterly ACD parameters; fits whose input is unchanged are kept from the build before."""

from engine.features.acd_fits import acd_fits, previous_fits


def model(dbt, session):
    bars = dbt.ref("int_features__duration_bars").to_arrow_table()
    return acd_fits(bars, previous_fits(session, str(dbt.this)))
