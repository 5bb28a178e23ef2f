"""What docs/importers.md says holds: its vendors, its keys, its example."""

from __future__ import annotations

import re
from pathlib import Path

from vendor_files import at, day_rows, write

from engine.lake.importers import import_files, mapping, vendors
from engine.lake.importers.transform import REASONS
from engine.settings import project_root

TEXT = (project_root() / "docs" / "importers.md").read_text()


def test_every_vendor_key_field_and_reason_is_in_the_document() -> None:
    prose = re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)
    quoted = set(re.findall(r"[a-z_0-9]+", " ".join(re.findall(r"`[^`]+`", prose))))
    wanted = {vendor.name for vendor in vendors()} | set(mapping.KEYS) | set(REASONS)
    wanted |= {field for fields in mapping.FIELDS.values() for field in fields}
    wanted |= set(mapping.TIME_KINDS) | {row for rows in mapping.ROWS.values() for row in rows}
    assert wanted - quoted == set()


def test_the_example_mapping_imports(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", TEXT, flags=re.DOTALL)
    path = tmp_path / "my_broker.yml"
    path.write_text(example)
    file = write(
        tmp_path / "c.csv",
        "Symbol;Expiry;Contract;Stamp;Bid;Ask",
        "spy;15.03.2024;Put 500.5;08.03.2024 16:00;123;0",
    )
    import_files(tmp_path / "lake", [file], mapping=path)
    (row,) = day_rows(tmp_path / "lake", "options", "2024-03-08")
    assert row["symbol"] == "O:SPY240315P00500500"
    assert (row["bid"], row["ask"], row["ts"]) == (1.23, None, at("2024-03-08 15:00"))
