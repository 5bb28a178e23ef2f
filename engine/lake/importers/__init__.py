"""Importers: any vendor's files into the lake, by declared mapping (`docs/importers.md`)."""

from engine.lake.importers.load import import_files, rows_by_reason
from engine.lake.importers.log import ImportReport, read_log
from engine.lake.importers.mapping import VendorInfo, vendors

__all__ = [
    "ImportReport",
    "VendorInfo",
    "import_files",
    "read_log",
    "rows_by_reason",
    "vendors",
]
