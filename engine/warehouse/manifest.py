"""What dbt's manifest says about the project: public tables, and what must have succeeded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.errors import PublishError

Kind = Literal["table", "parts"]

_KINDS = ("table", "parts")
_RUN = ("model", "seed", "snapshot", "test")


@dataclass(frozen=True)
class PublicModel:
    """A model or seed that readers see.

    Parameters
    ----------
    unique_id, name
        As dbt and as readers call it.
    schema
        Where it is in the build file.
    kind
        Copied as a table, or written as Parquet parts by month and seen as a view.
    description, columns
        Documentation, by column for the latter.
    stamps_from
        Models whose stamps in `ops.lake_build_state` say from what a date's rows were made:
        meta `stamps_from`, else the model itself.
    """

    unique_id: str
    name: str
    schema: str
    kind: Kind
    description: str
    columns: dict[str, str]
    stamps_from: tuple[str, ...]


@dataclass(frozen=True)
class Node:
    """Something that a build runs, and what it needs first."""

    unique_id: str
    name: str
    resource_type: str
    depends_on: tuple[str, ...]
    compiled_path: str | None


@dataclass(frozen=True)
class Manifest:
    """The parts of dbt's manifest that publishing needs."""

    public: tuple[PublicModel, ...]
    nodes: dict[str, Node]


def read(path: Path) -> Manifest:
    """Read a `manifest.json`.

    Raises
    ------
    PublishError
        When there is none, or a model asks to be published in a way that there is not.
    """
    try:
        content = json.loads(path.read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise PublishError(
            f"dbt's manifest {path} cannot be read.", "Build with `quant build` first."
        ) from error
    return parse(content)


def parse(content: Mapping[str, Any]) -> Manifest:
    """Return what publishing needs of a manifest's content; see `read`."""
    nodes = content["nodes"]
    public = [_public(node) for node in nodes.values() if _asks_to_be_published(node)]
    run = [
        _node(node)
        for node in (*nodes.values(), *content.get("unit_tests", {}).values())
        if node["resource_type"] in (*_RUN, "unit_test")
        and node.get("config", {}).get("materialized") != "ephemeral"
    ]
    return Manifest(
        public=tuple(sorted(public, key=lambda model: model.name)),
        nodes={node.unique_id: node for node in run},
    )


def _asks_to_be_published(node: Mapping[str, Any]) -> bool:
    return node["resource_type"] != "test" and bool(_meta(node).get("publish"))


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**(node.get("meta") or {}), **(node.get("config", {}).get("meta") or {})}


def _public(node: Mapping[str, Any]) -> PublicModel:
    kind = _meta(node)["publish"]
    if kind not in _KINDS:
        raise PublishError(
            f"{node['name']} has meta publish: {kind}, which there is not.",
            f"Use one of: {', '.join(_KINDS)}.",
        )
    stamps_from = _meta(node).get("stamps_from") or node["name"]
    return PublicModel(
        unique_id=node["unique_id"],
        name=node.get("alias") or node["name"],
        schema=node["schema"],
        kind=kind,
        description=(node.get("description") or "").strip(),
        columns={
            column["name"]: (column.get("description") or "").strip()
            for column in (node.get("columns") or {}).values()
        },
        stamps_from=(stamps_from,) if isinstance(stamps_from, str) else tuple(stamps_from),
    )


def _node(node: Mapping[str, Any]) -> Node:
    return Node(
        unique_id=node["unique_id"],
        name=node["name"],
        resource_type=node["resource_type"],
        # a unit test gives its model's inputs itself: it needs nothing built
        depends_on=()
        if node["resource_type"] == "unit_test"
        else tuple((node.get("depends_on") or {}).get("nodes") or ()),
        compiled_path=node.get("compiled_path"),
    )
