"""Kernel and fit columns of the options module, as of each session's close."""

from engine.features.append import previous_rows
from engine.features.assemble import module_batches


def model(dbt, session):
    previous = previous_rows(session, str(dbt.this))
    return module_batches(
        "options_feature_engineer",
        dbt.ref("int_features__options_feature_engineer_inputs"),
        previous,
    )
