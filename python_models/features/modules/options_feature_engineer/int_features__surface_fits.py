"""Quarterly components of the surface; fits whose input is unchanged are kept."""

from engine.features.append import previous_rows
from engine.features.options_feature_engineer.surface_fits import FITS_SCHEMA, surface_fits


def model(dbt, session):
    panel = dbt.ref("int_features__options_chain").to_arrow_table()
    previous = previous_rows(session, str(dbt.this), columns=FITS_SCHEMA.names)
    return surface_fits(panel, previous)
