"""The journal remembers audits, and the last of each kind counts."""

from __future__ import annotations

import datetime as dt

from engine.warehouse.audit_history import AUDITS, ColumnAudit, audits, code, record

EARLY = dt.datetime(2026, 1, 2, 12, 0, tzinfo=dt.UTC)
LATE = dt.datetime(2026, 1, 3, 12, 0, tzinfo=dt.UTC)


def column(name: str, is_passed: bool | None, cost: float | None = None) -> ColumnAudit:
    return ColumnAudit("features_daily", name, is_passed, 100, cost)


def test_without_audits_there_are_no_rows(tmp_path):
    assert audits(tmp_path).schema == AUDITS
    assert audits(tmp_path).num_rows == 0


def test_the_last_audit_of_a_kind_replaces_the_one_before(tmp_path):
    record(tmp_path, "kernels", [column("a", False), column("b", True)], EARLY)
    record(tmp_path, "kernels", [column("a", True, 12.5)], LATE)
    found = {row["column_name"]: row for row in audits(tmp_path).to_pylist()}
    assert found["a"]["is_passed"] is True
    assert found["a"]["cost_ns"] == 12.5
    assert found["a"]["audited_at"] == LATE
    assert found["b"]["audited_at"] == EARLY


def test_kinds_stand_side_by_side_and_nothing_shown_is_null(tmp_path):
    record(tmp_path, "kernels", [column("a", True)], EARLY)
    record(tmp_path, "leaks", [column("a", None)], LATE)
    assert {row["kind"]: row["is_passed"] for row in audits(tmp_path).to_pylist()} == {
        "kernels": True,
        "leaks": None,
    }


def test_a_certificate_is_about_the_code_that_was_audited(tmp_path):
    record(tmp_path, "leaks", [column("a", True)], EARLY)
    assert audits(tmp_path)["code_hash"].to_pylist() == [code()]


def test_a_file_that_cannot_be_read_is_left_out(tmp_path):
    record(tmp_path, "leaks", [column("a", True)], EARLY)
    (tmp_path / "audits" / "20260104T000000000000Z-leaks.json").write_text("{")
    assert audits(tmp_path).num_rows == 1
