"""Kernel columns of the change_point module, as of each bar's close."""

from engine.features.assemble import module_batches


def model(dbt, session):
    return module_batches("change_point", dbt.ref("int_features__change_point_inputs"))
