"""The registry of features as a table; `feature_catalog` is its public face."""

from engine.features.catalog import catalog_table


def model(dbt, session):
    return catalog_table()
