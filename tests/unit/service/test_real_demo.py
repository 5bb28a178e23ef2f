from __future__ import annotations

from pathlib import Path

import pytest

from engine.lake.importers import vendors
from engine.service import real_demo


def test_every_file_has_a_vendor_that_the_importers_know() -> None:
    assert {vendor for vendor, _ in real_demo.FILES} <= {info.name for info in vendors()}


def test_a_folder_without_files_says_how_to_name_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert real_demo.main([str(tmp_path), str(tmp_path / "stores")]) == 3
    assert "make real-demo REAL=FOLDER" in capsys.readouterr().err
    assert not (tmp_path / "stores").exists()


@pytest.mark.parametrize("arguments", [[], ["a", "b", "c"]])
def test_wrong_arguments_are_a_usage_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert real_demo.main(arguments) == 2
    assert "usage" in capsys.readouterr().err
