"""Every day file of the lake with its content hash, and why it cannot be used if it cannot."""

from engine.lake.files import lake_files


def model(dbt, session):
    return lake_files(quarantine=str(dbt.config.get("quarantine_files")).lower() == "true")
