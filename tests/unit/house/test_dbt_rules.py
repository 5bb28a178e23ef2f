"""The dbt project's own rules, read from its manifest."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    from dbt.cli.main import dbtRunner

    folder = tmp_path_factory.mktemp("manifest")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("LAKE", "JOURNAL", "WAREHOUSE"):
            patch.setenv(f"QUANT_{name}", str(folder / name.lower()))
        arguments = ["parse", "--quiet", "--target-path", str(folder), "--log-path", str(folder)]
        place = ["--project-dir", str(ROOT), "--profiles-dir", str(ROOT)]
        result = dbtRunner().invoke([*arguments, *place])
    assert result.success, result.exception
    return json.loads((folder / "manifest.json").read_text())


def models(manifest):
    return {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }


def grains_under_test(manifest):
    """Return, by model, the column sets that a `sound` or `unique_together` test guards."""
    found: dict[str, list[set[str]]] = {}
    for node in manifest["nodes"].values():
        metadata = node.get("test_metadata") or {}
        if metadata.get("name") in ("sound", "unique_together"):
            name = node["attached_node"].split(".")[-1]
            arguments = metadata["kwargs"]
            columns = arguments.get("unique", arguments.get("columns", []))
            found.setdefault(name, []).append(set(columns))
    return found


def broken_rules(manifest):
    """Return a sentence for every model that breaks a rule."""
    grains = grains_under_test(manifest)
    found = []
    for name, model in models(manifest).items():
        meta = model["config"]["meta"]
        if len(model["description"].strip()) < 20:
            found.append(f"{name} has no description")
        if not meta.get("grain"):
            found.append(f"{name} declares no grain")
        elif set(meta["grain"]) not in grains.get(name, []):
            found.append(f"{name} has no uniqueness test of its grain {meta['grain']}")
        is_public = model["schema"] == "main"
        if is_public and not model["config"]["contract"]["enforced"]:
            found.append(f"{name} is public and has no enforced contract")
        if is_public and meta.get("publish") not in ("table", "parts"):
            found.append(f"{name} is public and is not published")
        if is_public or meta.get("publish"):
            bare = [
                column["name"] for column in model["columns"].values() if not column["description"]
            ]
            if bare:
                found.append(f"{name} has columns without a description: {bare}")
        yml = Path(model["patch_path"].split("://")[1]).name if model["patch_path"] else ""
        if yml != f"{name}.yml":
            found.append(f"{name} is described in {yml or 'no file'}, not in {name}.yml")
    return found


def test_every_model_follows_the_rules(manifest):
    assert broken_rules(manifest) == []


def test_every_seed_is_described(manifest):
    seeds = [n for n in manifest["nodes"].values() if n["resource_type"] == "seed"]
    assert seeds
    assert [seed["name"] for seed in seeds if not seed["description"]] == []


@pytest.mark.parametrize(
    ("name", "damage", "sentence"),
    [
        ("bars_1d", {"description": ""}, "has no description"),
        ("stg_lake__files", {"config.meta.grain": ["path"]}, "no uniqueness test"),
        ("bars_1d", {"config.contract.enforced": False}, "no enforced contract"),
        ("targets_daily", {"config.meta.publish": None}, "is not published"),
    ],
)
def test_a_broken_rule_is_found(manifest, name, damage, sentence):
    damaged = copy.deepcopy(manifest)
    for path, value in damage.items():
        place = models(damaged)[name]
        *parents, last = path.split(".")
        for parent in parents:
            place = place[parent]
        place[last] = value
    assert any(name in found and sentence in found for found in broken_rules(damaged))


def test_models_read_the_lake_only_in_staging(manifest):
    readers = [
        name
        for name, model in models(manifest).items()
        if any(parent.startswith("source.") for parent in model["depends_on"]["nodes"])
        and model["schema"] != "staging"
    ]
    assert readers == ["build_history", "feature_audits"], (
        "sources enter through staging; the journal's through ops"
    )


def test_features_never_read_targets(manifest):
    children = manifest["child_map"]["model.quant_engine.targets_daily"]
    assert [child for child in children if child.startswith("model.")] == []
