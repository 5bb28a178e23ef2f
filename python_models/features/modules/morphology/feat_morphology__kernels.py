"""Kernel columns of the morphology module, as of each bar's close; unchanged rows are kept."""

from engine.features.append import previous_rows
from engine.features.assemble import module_batches


def model(dbt, session):
    previous = previous_rows(session, str(dbt.this))
    return module_batches("morphology", dbt.ref("int_features__morphology_inputs"), previous)
