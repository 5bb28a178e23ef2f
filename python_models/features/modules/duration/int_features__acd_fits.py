"""Quarterly ACD parameters; fits whose input is unchanged are kept from the build before."""

from engine.features.acd_fits import FITS_SCHEMA, acd_fits
from engine.features.append import previous_rows


def model(dbt, session):
    bars = dbt.ref("int_features__duration_bars").to_arrow_table()
    previous = previous_rows(session, str(dbt.this), columns=FITS_SCHEMA.names)
    return acd_fits(bars, previous)
