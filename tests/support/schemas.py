"""The schemas that ship with the package: `from support.schemas import check`."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import jsonschema


def schema(name: str) -> dict[str, Any]:
    """Return a schema of the package."""
    found: dict[str, Any] = json.loads(
        resources.files("mkdocs_codeexec").joinpath("schemas", f"{name}.schema.json").read_text("utf-8")
    )
    return found


def check(name: str, report: object) -> None:
    """Check `report` against the schema `name`."""
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(schema(name), format_checker=checker).validate(report)
