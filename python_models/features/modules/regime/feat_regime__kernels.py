"""Kernel and fit columns of the regime module, as of each bar's close."""

from engine.features.assemble import module_batches


def model(dbt, session):
    return module_batches("regime", dbt.ref("int_features__regime_inputs"))
