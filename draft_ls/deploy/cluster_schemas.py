"""The schemas of one cluster: its own version's, its custom resources included, as its API server tells them."""

from __future__ import annotations

import importlib.util
import json
import threading
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

_NUMBER_TOO = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_KINDS = "x-kubernetes-group-version-kind"
_OPEN = "x-kubernetes-preserve-unknown-fields"


class ClusterSchemas:
    """Reads the document when the first object is held against it, so in the thread that does that.

    Args:
        document: what the API server answers at ``/openapi/v2``.
    """

    def __init__(self, document: bytes) -> None:
        self._document = document
        self._lock = threading.Lock()
        self._names: dict[tuple[str, str], str] | None = None
        self._definitions: dict[str, Any] = {}
        self._validators: dict[tuple[str, str], Any] = {}

    def validator(self, manifest: Mapping[str, Any]) -> Any:
        """The validator for an object's kind; none if the cluster does not know the kind or tells no fields."""
        if importlib.util.find_spec("jsonschema") is None:
            return None
        with self._lock:
            names = self._read()
            key = (str(manifest.get("apiVersion")), str(manifest.get("kind")))
            if key in names and key not in self._validators:
                from jsonschema.validators import Draft202012Validator

                reference = {"$ref": f"#/definitions/{names[key]}", "definitions": self._definitions}
                self._validators[key] = Draft202012Validator(reference)
            return self._validators.get(key)

    def _read(self) -> dict[tuple[str, str], str]:
        if self._names is not None:
            return self._names
        document: Any = json.loads(self._document)
        self._document = b""
        found: dict[str, Any] = document.get("definitions") or {}
        self._definitions = {name: _strict(each, name) for name, each in found.items()}
        self._names = {
            (f"{kind['group']}/{kind['version']}" if kind["group"] else kind["version"], kind["kind"]): name
            for name, each in found.items()
            for kind in each.get(_KINDS, ())
        }
        return self._names


def _strict(schema: Any, name: str = "") -> Any:
    """A schema that takes what the API server takes, and no field that is not in it.

    OpenAPI 2 cannot say that a value may be a number or a text.
    """
    if not isinstance(schema, dict):
        return schema
    made = dict(cast("dict[str, Any]", schema))
    if name == _NUMBER_TOO or made.get("format") == "int-or-string":
        return {"type": ["string", "number"]}
    properties: Any = made.get("properties")
    if isinstance(properties, dict):
        fields = cast("dict[str, Any]", properties)
        made["properties"] = {key: _strict(each) for key, each in fields.items()}
        if not made.get(_OPEN):
            made.setdefault("additionalProperties", False)
    for key in ("items", "additionalProperties"):
        if key in made:
            made[key] = _strict(made[key])
    return made


def without_nulls(value: Any) -> Any:
    """An object as the API server reads it: fields that are null are not there."""
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {key: without_nulls(each) for key, each in fields.items() if each is not None}
    return [without_nulls(each) for each in cast("list[Any]", value)] if isinstance(value, list) else value
