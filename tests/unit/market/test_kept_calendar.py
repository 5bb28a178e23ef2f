"""The calendar that is kept beside the code is the exchange's, and a broken one is made anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.market import calendar


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    code = tmp_path / "calendar.py"
    code.write_text("what it is made by")
    monkeypatch.setattr(calendar, "__file__", str(code))
    return tmp_path / "__pycache__"


def test_the_kept_calendar_is_what_was_asked_for_and_spares_asking(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = calendar._decades(2000)
    (kept,) = folder.iterdir()
    monkeypatch.setattr(calendar, "_ask_exchange", None)
    assert calendar._decades(2000).equals(asked)
    assert asked.num_rows == 2780  # sessions from 1990 to 2000
    assert kept.name.startswith("sessions-2000-")


def test_a_calendar_of_other_code_or_half_a_file_is_made_anew(folder: Path) -> None:
    asked = calendar._decades(2000)
    (kept,) = folder.iterdir()
    kept.write_bytes(kept.read_bytes()[:100])
    assert calendar._decades(2000).equals(asked)
    (folder.parent / "calendar.py").write_text("other code")
    assert calendar._decades(2000).equals(asked)
    (renewed,) = folder.iterdir()
    assert renewed.name != kept.name


def test_where_nothing_can_be_kept_the_exchange_is_asked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write_text("a file where the folder should be")
    assert calendar._decades(2000).num_rows == 2780
