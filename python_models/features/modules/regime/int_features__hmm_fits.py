"""Quarterly HMM parameters; fits whose input is unchanged are kept from the build before."""

from engine.features.regime.fits import hmm_fits, previous_fits


def model(dbt, session):
    panel = dbt.ref("int_bars__panel").to_arrow_table()
    return hmm_fits(panel, previous_fits(session, str(dbt.this)))
