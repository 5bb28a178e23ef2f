"""Kernel columns of the duration module, as of each bar's close."""

from engine.features.assemble import module_batches


def model(dbt, session):
    return module_batches("duration", dbt.ref("int_features__duration_inputs"))
