"""The feature audit leaves a certificate for every kernel column."""

from __future__ import annotations

import dataclasses

import pytest

from engine.errors import AuditError
from engine.features import registry
from engine.validation import feature_audit
from engine.validation.audit_bars import random_bars
from engine.validation.column_audit import Finding
from engine.validation.feature_cost import costs
from engine.validation.kernel_audit import ModuleAudit


@pytest.fixture
def quick(monkeypatch):
    """An audit of the kernels that finds one fault in entropy, without the work."""

    def fake(bars, *, scope, names, seed):
        fault = Finding("future", "entropy", "ent_perm3_20", "SPY", "changed")
        return tuple(
            ModuleAudit(name, 1, 1, (fault,) if name == "entropy" else ()) for name in names
        )

    monkeypatch.setattr(feature_audit, "audit_catalog", fake)


def test_every_kernel_column_of_the_module_has_a_certificate(quick):
    found = feature_audit.audit_features("entropy", bars=400)
    by_name = {column.column_name: column for column in found.columns}
    assert set(by_name) == set(registry.module("entropy").computed)
    assert by_name["ent_perm3_20"].is_passed is False
    assert "changed" in by_name["ent_perm3_20"].detail
    assert by_name["ent_perm3_60"].is_passed is True
    assert {column.count_rows for column in found.columns} == {800}
    with pytest.raises(AuditError, match="ent_perm3_20"):
        found.require_passed()


def test_a_cost_is_measured_for_each_column():
    spent = costs(registry.module("entropy"), [random_bars("SPY", 300, 0)])
    assert set(spent) == set(registry.module("entropy").computed)
    assert all(value >= 0.0 for value in spent.values())
    assert sum(spent.values()) > 0.0


def test_a_module_that_computes_all_at_once_is_charged_evenly(monkeypatch):
    module = registry.module("entropy")
    code = type("code", (), {"compute": staticmethod(lambda bars: sum(range(10_000)))})
    spent = costs(dataclasses.replace(module, code=code), [random_bars("SPY", 300, 0)])
    assert len(set(spent.values())) == 1


def test_a_module_without_kernels_says_which_audit_sees_it():
    with pytest.raises(AuditError, match="quant audit leaks"):
        feature_audit.audit_features("no_such_module")
