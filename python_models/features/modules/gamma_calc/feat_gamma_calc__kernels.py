"""Kernel columns of the gamma module, as of each session's close; unchanged rows are kept."""

from engine.features.append import previous_rows
from engine.features.assemble import module_batches


def model(dbt, session):
    previous = previous_rows(session, str(dbt.this))
    return module_batches("gamma_calc", dbt.ref("int_features__gamma_calc_inputs"), previous)
