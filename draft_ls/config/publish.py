"""The schema for other readers: a JSON schema for TOML editors, the table of keys for the docs."""

from __future__ import annotations

import json
import tomllib

from draft_ls.config.names import LABEL_LIMIT, RELEASE_LIMIT, SUBDOMAIN_LIMIT
from draft_ls.config.schema import BUILDERS, ENVIRONMENTS, KEYS, LONGEST_WAIT, SYNC_MODES, Key, Kind

TABLE_START = "<!-- keys: made by scripts/publish-schema from draft_ls/config/schema.py -->"
TABLE_END = "<!-- /keys -->"

Schema = dict[str, object]

_TEXT: Schema = {"type": "string", "minLength": 1}
_LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
_SUBDOMAIN = r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$"
_PATH: Schema = {"type": "string", "minLength": 1, "pattern": r"^(?![/~]|[A-Za-z]:)[^\\]*$"}


def _list(items: Schema, **more: object) -> Schema:
    return {"type": "array", "items": items, **more}


_KINDS: dict[Kind, Schema] = {
    Kind.NAME: {"type": "string", "pattern": _LABEL, "maxLength": RELEASE_LIMIT},
    Kind.NAMESPACE: {"type": "string", "pattern": _LABEL, "maxLength": LABEL_LIMIT},
    Kind.CONTEXTS: {"anyOf": [_TEXT, _list(_TEXT, minItems=1)]},
    Kind.REGISTRY: {"type": "string", "minLength": 1, "pattern": r"^(?!.*://)\S*$"},
    Kind.CREDENTIALS: {"type": "string", "pattern": _SUBDOMAIN, "maxLength": SUBDOMAIN_LIMIT},
    Kind.BUILDER: {"enum": list(BUILDERS)},
    Kind.PATH: _PATH,
    Kind.PATHS: _list(_PATH),
    Kind.ABOVE: {"type": "string", "pattern": r"^(\./)?(\.|\.\.(/\.\.)*)/?$"},
    Kind.VARIABLES: {
        "type": "object",
        "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
        "additionalProperties": {"type": "string"},
    },
    Kind.PLATFORMS: _list(
        {"type": "string", "pattern": "^[a-z0-9]+/[a-z0-9_]+(/[a-z0-9.]+)?$"}, uniqueItems=True
    ),
    Kind.TAGS: _list({"type": "string", "pattern": "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$"}, uniqueItems=True),
    Kind.ASSIGNMENTS: _list({"type": "string", "pattern": "^[^=]+="}),
    Kind.FLAG: {"type": "boolean"},
    Kind.TIMEOUT: {"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST_WAIT},
    Kind.DELAY: {"type": "number", "minimum": 0, "maximum": LONGEST_WAIT},
    Kind.PORTS: _list({"type": "string", "pattern": r"^\d{1,5}:\d{1,5}$"}, uniqueItems=True),
    Kind.SYNC: {
        "anyOf": [
            {"enum": list(SYNC_MODES)},
            {
                "type": "object",
                "properties": {
                    "mode": {"enum": list(SYNC_MODES)},
                    "exclude": _list(_TEXT),
                    "restart": _list(_TEXT),
                },
                "additionalProperties": False,
            },
        ]
    },
    Kind.IGNORED: {"type": "string"},
}


def json_schema() -> Schema:
    """draft.toml as a JSON schema (draft 7, which TOML editors read)."""
    properties: dict[str, object] = {}
    for key in KEYS:
        for spelling in _spellings(key):
            properties[spelling] = _property(key, spelling)
    environment = {"type": "object", "properties": properties, "additionalProperties": False}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "draft.toml",
        "description": "How and where an app is deployed by Draft.",
        "type": "object",
        "properties": {
            ENVIRONMENTS: {
                "description": "The environments of the app, by name.",
                "type": "object",
                "minProperties": 1,
                "additionalProperties": environment,
            }
        },
        "required": [ENVIRONMENTS],
        "additionalProperties": False,
    }


def json_schema_text() -> str:
    """The JSON schema as the file that is published."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def key_table() -> str:
    """The keys of an environment as a Markdown table."""
    rows = [f"| `{key.name}` | {key.type} | {key.default} | {key.meaning} |" for key in KEYS]
    return "\n".join(["| key | type | default | meaning |", "|---|---|---|---|", *rows])


def with_key_table(page: str) -> str:
    """A page of the docs with its table of keys made anew.

    Raises:
        ValueError: the page has no place for the table.
    """
    before, start, rest = page.partition(TABLE_START)
    _, end, after = rest.partition(TABLE_END)
    if not start or not end:
        raise ValueError(f"the page needs the lines {TABLE_START} and {TABLE_END}")
    return f"{before}{start}\n\n{key_table()}\n\n{end}{after}"


def _spellings(key: Key) -> tuple[str, ...]:
    """Every accepted spelling of a key, the canonical one first."""
    names = (key.name, *key.old_names)
    return tuple(dict.fromkeys(spelling for name in names for spelling in (name, name.replace("_", "-"))))


def _property(key: Key, spelling: str) -> Schema:
    plain = key.meaning.replace("`", "")
    found: Schema = {"description": plain, **_KINDS[key.kind]}
    if spelling != key.name:
        return {**found, "description": f"Older spelling of {key.name}. {plain}", "deprecated": True}
    if key.default.startswith("`"):
        found["default"] = tomllib.loads(f"value = {key.default.strip('`')}")["value"]
    return found
