"""Kernel columns of the domain module: the market's in its own rows, the cone in each symbol's."""

from engine.features.append import previous_rows
from engine.features.assemble import module_batches


def model(dbt, session):
    previous = previous_rows(session, str(dbt.this))
    return module_batches(
        "domain_features", dbt.ref("int_features__domain_features_inputs"), previous
    )
