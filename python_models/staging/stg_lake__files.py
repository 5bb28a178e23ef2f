"""Every day file of the lake with its content hash, and why it cannot be used if it cannot."""

from engine.lake.files import lake_files


def model(dbt, session):
    # dbt only sees a config that is asked for in a statement of its own
    quarantine = dbt.config.get("quarantine_files")
    return lake_files(quarantine=str(quarantine).lower() == "true")
