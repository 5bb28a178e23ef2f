"""Kernel columns of the morphology module, as of each bar's close."""

from engine.features.assemble import module_batches


def model(dbt, session):
    return module_batches("morphology", dbt.ref("int_features__morphology_inputs"))
