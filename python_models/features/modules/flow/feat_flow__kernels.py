"""Kernel columns of the flow module, as of each bar's close."""

from engine.features.assemble import module_batches


def model(dbt, session):
    return module_batches("flow", dbt.ref("int_features__flow_inputs"))
