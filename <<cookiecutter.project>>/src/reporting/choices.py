"""The settings that a run was made with, as lines that one can read."""

from typing import Any

from project.yaml_text import yaml_text

GROUPS = ("model", "split", "validation", "export", "evaluation", "source")


def choices(params: dict[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return each group's settings as pairs of key and value, nested keys joined by points."""
    groups = [(group, _flat(params[group])) for group in GROUPS if group in params]
    return [*groups, ("every stage", [("seed", str(params["seed"]))])]


def as_yaml(params: dict[str, Any]) -> str:
    """Return all settings as YAML."""
    return yaml_text(params)


def _flat(value: Any, path: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict) and value:
        return [
            line
            for key, inner in value.items()
            for line in _flat(inner, f"{path}.{key}" if path else str(key))
        ]
    return [(path, _text(value))]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value or '""'
    return yaml_text(value, width=10_000, flow=True).removesuffix("...\n").strip()
