"""Quarterly GARCH parameters; fits whose input is unchanged are kept from the build before."""

from engine.features.append import previous_rows
from engine.features.garch_fits import FITS_SCHEMA, garch_fits


def model(dbt, session):
    panel = dbt.ref("int_bars__panel").to_arrow_table()
    previous = previous_rows(session, str(dbt.this), columns=FITS_SCHEMA.names)
    return garch_fits(panel, previous)
