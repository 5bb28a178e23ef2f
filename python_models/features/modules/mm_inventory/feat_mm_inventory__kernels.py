"""Kernel columns of the mm_inventory module, as of each bar's close."""

from engine.features.assemble import module_batches


def model(dbt, session):
    return module_batches("mm_inventory", dbt.ref("int_features__mm_inventory_inputs"))
