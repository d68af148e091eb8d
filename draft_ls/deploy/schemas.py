"""Kubernetes' own schemas, offline: what an API server would say to an object.

They come with the optional package kubernetes-validate; without it nothing is checked and nothing is said.
"""

from __future__ import annotations

import importlib.util
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from draft_ls.deploy.cluster_schemas import without_nulls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from draft_ls.deploy.cluster_schemas import ClusterSchemas

_FOLDER = re.compile(r"v(\d+)\.(\d+)\.\d+-local-strict")
_UNEXPECTED = re.compile(r"'([^']+)' (?:was|were) unexpected")


@dataclass(frozen=True, slots=True)
class Fault:
    """What a schema says against an object.

    Attributes:
        path: the keys and list indexes that lead to the value at fault.
        key: the key to look for in the source: an unexpected one, else the last of the path.
        message: in the schema's words.
    """

    path: tuple[str, ...]
    key: str
    message: str


def faults(
    manifest: Mapping[str, Any], cluster: ClusterSchemas | None = None, *, version: str = ""
) -> Iterator[Fault]:
    """Everything that a schema says against an object; nothing for an unknown kind.

    Args:
        manifest: the object.
        cluster: the schemas of the cluster that it is for, if they are known.
        version: without them, the Kubernetes version, e.g. ``1.37``; the newest known one if none is given.
    """
    validator = _offline(manifest, version) if cluster is None else cluster.validator(manifest)
    manifest = manifest if cluster is None else without_nulls(manifest)
    for error in validator.iter_errors(manifest) if validator is not None else ():
        path = tuple(str(part) for part in error.absolute_path)
        unexpected = _UNEXPECTED.search(error.message)
        names = [part for part in path if not part.isdigit()]
        key = unexpected[1] if unexpected else (names[-1] if names else "")
        message = (
            f"{unexpected[1]} is no field of {names[-1] if names else 'it'}" if unexpected else error.message
        )
        yield Fault(path, key, message)


def _offline(manifest: Mapping[str, Any], version: str) -> Any:
    group = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", str(manifest.get("apiVersion")))
    return _validator(f"{str(manifest.get('kind')).lower()}-{group}", version)


@cache
def _validator(name: str, version: str) -> Any:
    """The validator for one kind of object; none if there is no schema for it."""
    found = _schemas(version)
    if found is None or not re.fullmatch(r"[\w.-]+", name):
        return None
    from jsonschema.validators import Draft202012Validator
    from referencing import Registry, Resource

    folder, definitions = found
    try:
        schema = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except OSError:
        return None
    shared: Any = definitions @ Registry[Any]()
    own: Any = Resource.from_contents(schema)
    registry: Any = own @ shared
    return Draft202012Validator(schema, registry=registry)


@cache
def _schemas(version: str) -> tuple[Path, Any] | None:
    """The folder of a version's strict schemas, of the newest one's without a version, and what they share."""
    spec = importlib.util.find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        return None
    from referencing import Resource

    folders = [
        (int(match[1]), int(match[2]), each)
        for each in (Path(spec.origin).parent / "kubernetes-json-schema").iterdir()
        if (match := _FOLDER.fullmatch(each.name)) and version in ("", f"{match[1]}.{match[2]}")
    ]
    if not folders:
        return None
    folder = max(folders)[2]
    return folder, Resource.from_contents(
        json.loads((folder / "_definitions.json").read_text(encoding="utf-8"))
    )
