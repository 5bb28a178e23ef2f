"""The registry: names, expansion, what follows from it."""

from __future__ import annotations

import types

import pytest

from engine.features import catalog, generate, registry
from engine.features.registry import Family, expand
from engine.settings import project_root


def family(pattern, windows=registry.NO_WINDOW, **more):
    return Family(
        pattern=pattern,
        formula="f",
        units="u",
        source="standard",
        inputs=("close",),
        engine="kernel",
        oracle="hand example",
        lookback=more.pop("lookback", lambda w: w + 1),
        windows=windows,
        **more,
    )


def test_a_family_expands_to_one_feature_a_window():
    features = list(expand("m", "daily", (family("m_x_{window}", (5, 20)),)))
    assert [(f.name, f.sizes, f.lookback, f.min_obs) for f in features] == [
        ("m_x_5", (5,), 6, 6),
        ("m_x_20", (20,), 21, 21),
    ]


def test_two_sizes_are_joined_in_the_name_and_the_longer_one_counts():
    (feature,) = expand("m", "daily", (family("m_x_{window}", ((5, 20),)),))
    assert (feature.name, feature.sizes, feature.lookback) == ("m_x_5_20", (5, 20), 21)


def test_min_obs_may_be_below_the_lookback():
    (feature,) = expand("m", "daily", (family("m_x", min_obs=lambda w: 1),))
    assert (feature.lookback, feature.min_obs) == (2, 1)


def test_every_registered_feature_says_what_it_is():
    for feature in registry.columns():
        f = feature.family
        assert f.formula and f.units and f.source and f.inputs and f.oracle, feature.name
        assert 1 <= feature.min_obs <= feature.lookback, feature.name
        assert f.twin_of == "" or f.twin_of in {c.name for c in registry.columns()}
        assert set(feature.near_duplicates) <= {c.name for c in registry.columns()}, feature.name


def test_names_are_unique_and_carry_their_modules_prefix():
    names = [f.name for f in registry.columns()]
    assert len(names) == len(set(names))
    assert all(f.name.startswith("raw_") for f in registry.module("raw").features)


def test_a_name_claimed_twice_is_refused(monkeypatch):
    code = types.ModuleType("engine.features.raw")
    code.FAMILIES = (family("same"), family("same"))  # type: ignore[attr-defined]
    real = registry.importlib.import_module
    monkeypatch.setattr(
        registry.importlib,
        "import_module",
        lambda name: code if name == "engine.features.raw" else real(name),
    )
    registry.modules.cache_clear()
    try:
        with pytest.raises(ValueError, match="same is registered by raw and by raw"):
            registry.modules()
    finally:
        registry.modules.cache_clear()


def test_an_unknown_module_is_a_key_error():
    with pytest.raises(KeyError):
        registry.module("no_such_module")


def test_the_committed_contracts_and_macros_are_what_the_registry_says():
    assert generate.drift(project_root()) == [], "run `make registry`"


def test_generation_is_stable_and_a_second_run_changes_nothing(tmp_path):
    assert generate.generated() == generate.generated()
    for path, text in generate.generated().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert generate.drift(tmp_path) == []
    macro = tmp_path / "macros/features/feature_modules.sql"
    macro.write_text(macro.read_text() + "\n")
    assert generate.drift(tmp_path) == ["macros/features/feature_modules.sql"]


def test_the_catalog_has_one_row_a_feature_in_the_order_of_the_wide_tables():
    table = catalog.catalog_table()
    assert table.schema == catalog.CATALOG_SCHEMA
    assert table["name"].to_pylist() == [f.name for f in registry.columns()]
    rows = {row["name"]: row for row in table.to_pylist()}
    row = rows["raw_volratio_20_60"]
    assert (row["windows"], row["engine"], row["lookback"]) == ("20, 60", "sql", 61)
    assert rows["raw_tdom"]["lag"] == "none"
    assert rows["raw_gap_pct_1"]["near_duplicates"] == "raw_overnight_1"
    assert rows["raw_vol_parkinson_60"]["near_duplicates"] == "raw_range_mean_60"


def test_what_a_feature_reads_goes_through_the_features_that_it_is_made_of():
    rows = {row["name"]: row["reads"] for row in catalog.catalog_table().to_pylist()}
    assert rows["flow_ofi_5"] == ["minute close", "minute volume", "volume"]
    assert "minute volume" in rows["mm_unwind_60"] and "open" in rows["mm_unwind_60"]
    assert rows["morph_shape_run"] == rows["morph_shape_p_1"]  # reads the five of a pattern
    assert not {name for reads in rows.values() for name in reads} & set(rows)
