"""Kernel columns of the raw module, as of each bar's close."""

from engine.features.assemble import module_batches


def model(dbt, session):
    return module_batches("raw", dbt.ref("int_features__raw_inputs"))
