"""The lake: raw Parquet, one file per day and data set; importers and the simulator write it."""
