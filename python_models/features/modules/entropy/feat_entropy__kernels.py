"""Kernel columns of the entropy module, as of each bar's close."""

from engine.features.assemble import module_batches


def model(dbt, session):
    return module_batches("entropy", dbt.ref("int_features__entropy_inputs"))
