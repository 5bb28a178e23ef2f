"""Write what follows from the registry: contracts, column docs and the list for SQL.

`python -m engine.features.generate` rewrites the files; with `--check` it only says which differ.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from engine.features import registry
from engine.features.scopes import SCOPES, Scope
from engine.settings import project_root

_NOTE = "Generated from engine/features by `make registry`: edit the registry, not this file."

_KEYS: dict[str, tuple[str, str]] = {
    "symbol": ("varchar", "Ticker."),
    "session_date": ("date", "New York trading session."),
    "known_at": (
        "timestamp with time zone",
        "Instant (UTC) from which the row could be used: the latest of its inputs.",
    ),
}


def _key(name: str, description: str = "") -> dict[str, Any]:
    kind, words = _KEYS[name]
    return {
        "name": name,
        "data_type": kind,
        "description": description or words,
    }


def _column(feature: registry.Feature) -> dict[str, Any]:
    return {
        "name": feature.name,
        "data_type": feature.family.data_type,
        "description": feature.description,
    }


def _model(
    name: str,
    description: str,
    grain: tuple[str, ...],
    columns: list[dict[str, Any]],
    publish: str | None = None,
) -> dict[str, Any]:
    meta: dict[str, Any] = {"grain": list(grain)}
    if publish:
        meta["publish"] = publish
    keys = [column["name"] for column in columns if column["name"] in _KEYS]
    sound = {"unique": list(grain), "not_null": keys, "finite": True}
    return {
        "name": name,
        "description": description,
        "config": {"contract": {"enforced": True}, "meta": meta},
        "data_tests": [{"name": f"{name}_is_sound", "test_name": "sound", "arguments": sound}],
        "columns": columns,
    }


def _yml(model: dict[str, Any]) -> str:
    body = yaml.safe_dump(
        {"version": 2, "models": [model]}, sort_keys=False, width=96, allow_unicode=True
    )
    return f"# {_NOTE}\n{body}"


def _split(
    module: registry.Module,
) -> tuple[list[registry.Feature], list[registry.Feature]]:
    lagged = [f for f in module.features if f.family.lag == "previous_session"]
    return lagged, [f for f in module.features if f.family.lag == "none"]


def _module_files(module: registry.Module) -> dict[str, str]:
    folder = f"models/features/modules/{module.name}"
    scope = SCOPES[module.scope]
    lagged, unlagged = _split(module)
    files = {}
    if lagged:
        files[f"{folder}/feat_{module.name}.yml"] = _yml(
            _model(
                f"feat_{module.name}",
                f"{module.title} As of the close of session_date; {scope.table} applies the lag.",
                scope.key,
                [*map(_key, (*scope.key, "known_at")), *map(_column, lagged)],
            )
        )
    if unlagged:
        files[f"{folder}/feat_{module.name}_calendar.yml"] = _yml(
            _model(
                f"feat_{module.name}_calendar",
                f"Columns of {module.name} that are known before session_date opens: not lagged.",
                ("session_date",),
                [_key("session_date"), *map(_column, unlagged)],
            )
        )
    return files


def _wide(scope: Scope, modules: list[registry.Module]) -> str:
    known_at = (
        "Latest known_at of the row's inputs (UTC): before the open of session_date, because the "
        "lagged columns are those of the session before."
    )
    return _yml(
        _model(
            scope.table,
            scope.description,
            scope.key,
            [
                *map(_key, scope.key),
                _key("known_at", known_at),
                *(_column(f) for module in modules for f in module.features),
            ],
            publish="table",
        )
    )


def _macro(modules: list[registry.Module]) -> str:
    lines = [
        f"{{#- {_NOTE} -#}}",
        "{#- Modules of a scope in the order of its wide table; of every scope with none. -#}",
        "{% macro feature_modules(scope='daily') -%}",
        "    {%- set modules = [",
    ]
    for module in modules:
        lagged, unlagged = _split(module)
        lines.append("        {")
        lines.append(f"            'name': '{module.name}',")
        lines.append(f"            'scope': '{module.scope}',")
        lines.append(f"            'model': '{f'feat_{module.name}' if lagged else ''}',")
        calendar = f"feat_{module.name}_calendar" if unlagged else ""
        lines.append(f"            'calendar_model': '{calendar}',")
        lines.append("            'columns': [")
        for f in module.features:
            lines.append(
                f"                {{'name': '{f.name}', 'engine': '{f.family.engine}', "
                f"'lag': '{f.family.lag}'}},"
            )
        lines.append("            ],")
        lines.append("        },")
    lines += [
        "    ] -%}",
        "    {{ return(modules if scope is none else modules",
        "        | selectattr('scope', 'equalto', scope) | list) }}",
        "{%- endmacro %}",
        "",
    ]
    return "\n".join(lines)


def _scopes() -> str:
    lines = [
        f"{{#- {_NOTE} -#}}",
        "{#- The scopes of features: their wide tables, and the panels that their kernels see. -#}",
        "{% macro feature_scopes() -%}",
        "    {{ return([",
    ]
    for scope in SCOPES.values():
        lines.append("        {")
        lines.append(f"            'name': '{scope.name}',")
        lines.append(f"            'table': '{scope.table}',")
        lines.append(f"            'panel': '{scope.panel}',")
        lines.append(f"            'of_market': {str(scope.of_market).lower()},")
        lines.append("        },")
    lines += ["    ]) }}", "{%- endmacro %}", ""]
    return "\n".join(lines)


def generated() -> dict[str, str]:
    """Return every generated file: path from the project's root to its text."""
    modules = list(registry.modules())
    files: dict[str, str] = {}
    for module in modules:
        files.update(_module_files(module))
    for scope in SCOPES.values():
        own = [module for module in modules if module.scope == scope.name]
        files[f"models/features/{scope.table}.yml"] = _wide(scope, own)
    files["macros/features/feature_scopes.sql"] = _scopes()
    files["macros/features/feature_modules.sql"] = _macro(modules)
    return files


def drift(root: Path) -> list[str]:
    """Return the generated files that differ from what the registry says, by path."""
    return [
        path
        for path, text in generated().items()
        if not (root / path).is_file() or (root / path).read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    """Rewrite the generated files, or with `--check` only say which differ."""
    root = project_root()
    stale = drift(root)
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(f"{path} is not what the registry says: run `make registry`.\n")
        return 1 if stale else 0
    for path, text in generated().items():
        if path in stale:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(stale)} of {len(generated())} files rewritten.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
