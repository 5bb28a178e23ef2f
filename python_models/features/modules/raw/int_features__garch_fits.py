"""Quarterly GARCH parameters; fits whose input is unchanged are kept from the build before."""

from engine.features.garch_fits import garch_fits, previous_fits


def model(dbt, session):
    panel = dbt.ref("int_bars__panel").to_arrow_table()
    return garch_fits(panel, previous_fits(session, str(dbt.this)))
