"""The values of draft.toml's keys, kind by kind: what is good, what it means, what to say if it is not."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING

from draft_ls.config.model import Builder, PortOverride, SyncMode, SyncRules
from draft_ls.config.names import LABEL_RULE, RELEASE_LIMIT, dns_label, is_namespace, is_release_name
from draft_ls.config.schema import BUILDERS, LONGEST_WAIT, SYNC_KEYS, SYNC_MODES, Key, Kind, nearest
from draft_ls.errors import Severity, Span
from draft_ls.files import inside

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from draft_ls.config.document import Value


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to say about a value."""

    code: str
    message: str
    fix: str
    span: Span
    severity: Severity = Severity.ERROR


@dataclass(slots=True)
class Remarks:
    """Collects what is said about one key's value."""

    key: Key
    found: list[Remark] = field(default_factory=list[Remark])

    def bad(self, message: str, fix: str, span: Span) -> None:
        """The type is right, the value is not."""
        self.found.append(Remark("bad-value", message, fix, span))

    def wrong_type(self, value: Value, wanted: str, fix: str = "") -> None:
        """The value's type is wrong."""
        message = f"{self.key.name} must be {wanted}, not {describe(value)}."
        example = f"Write {self.key.name} = {self.key.example}."
        self.found.append(Remark("wrong-type", message, fix or example, value.span))


def read_value(key: Key, value: Value) -> tuple[object, tuple[Remark, ...]]:
    """The value as ``Environment`` carries it, and what is wrong with it.

    With an error among the remarks, the value means nothing.
    """
    remarks = Remarks(key)
    return _READERS[key.kind](value, remarks), tuple(remarks.found)


def describe(value: Value) -> str:
    """The type of a value, as people say it."""
    if value.table:
        return "a table"
    if value.items is not None:
        return "a list"
    for types, said in ((bool, "true or false"), (str, "a text"), ((int, float), "a number")):
        if isinstance(value.data, types):
            return said
    return "a date or time"


def _text(value: Value, remarks: Remarks) -> str:
    if not isinstance(value.data, str):
        remarks.wrong_type(value, "a text")
        return ""
    if not value.data.strip():
        remarks.bad(f"{remarks.key.name} is empty.", "Write a value, or remove the key.", value.span)
    return value.data


def _texts(value: Value, remarks: Remarks) -> tuple[tuple[str, Span], ...]:
    """The texts of a list, each with its place; a text that is wrong is left out."""
    if value.items is None:
        fix = f"Write {remarks.key.name} = [{_quoted(value.data)}]." if isinstance(value.data, str) else ""
        remarks.wrong_type(value, "a list of texts", fix)
        return ()
    texts: list[tuple[str, Span]] = []
    for item in value.items:
        if not isinstance(item.data, str):
            remarks.wrong_type(item, "a list of texts", "Put the value in quotes.")
        elif not item.data.strip():
            remarks.bad(f"{remarks.key.name} holds an empty text.", "Write a value, or remove it.", item.span)
        else:
            texts.append((item.data, item.span))
    return tuple(texts)


def _name(value: Value, remarks: Remarks) -> str:
    name = _text(value, remarks)
    if not name.strip():
        return name
    if not is_release_name(name):
        message = f"{name!r} cannot name a Helm release: at most {RELEASE_LIMIT} {LABEL_RULE}."
        remarks.bad(message, f'Write name = "{dns_label(name)}".', value.span)
    elif name[0].isdigit():
        message = "Kubernetes may refuse a Service whose name starts with a digit."
        fix = f'Write name = "{dns_label(name)}".'
        remarks.found.append(Remark("bad-value", message, fix, value.span, Severity.WARNING))
    return name


def _namespace(value: Value, remarks: Remarks) -> str:
    name = _text(value, remarks)
    if name.strip() and not is_namespace(name):
        message = f"{name!r} cannot name a namespace: at most 63 {LABEL_RULE}."
        remarks.bad(message, f'Write namespace = "{dns_label(name)}".', value.span)
    return name


def _contexts(value: Value, remarks: Remarks) -> tuple[str, ...]:
    if isinstance(value.data, str):
        return (_text(value, remarks),)
    if value.items is None:
        remarks.wrong_type(value, "a text or a list of texts")
    elif not value.items:
        fix = "Name a context, or remove the key to deploy to whichever is current."
        remarks.bad("context allows no context at all.", fix, value.span)
    else:
        return tuple(text for text, _ in _texts(value, remarks))
    return ()


_REGISTRY = re.compile(
    r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?(?::\d{1,5})?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*", re.IGNORECASE
)


def _registry(value: Value, remarks: Remarks) -> str:
    registry = _text(value, remarks)
    plain = re.sub(r"^[a-z][a-z0-9+.-]*://", "", registry.strip(), flags=re.IGNORECASE).rstrip("/")
    if not registry.strip():
        return registry
    if "://" in registry and _REGISTRY.fullmatch(plain):
        remarks.bad("A registry is written without a scheme.", f'Write registry = "{plain}".', value.span)
    elif not _REGISTRY.fullmatch(registry):
        fix = f'Write registry = "{plain}".' if _REGISTRY.fullmatch(plain) else 'Write it like "ghcr.io/me".'
        remarks.bad(f"{registry!r} is not the address of a registry.", fix, value.span)
    return registry


def _builder(value: Value, remarks: Remarks) -> Builder:
    return Builder(_choice(value, remarks, BUILDERS))


def _choice(value: Value, remarks: Remarks, choices: tuple[str, ...]) -> str:
    """One of ``choices``; the first if the value is none of them."""
    if not isinstance(value.data, str):
        remarks.wrong_type(value, f"one of {', '.join(choices)}", f'Write "{choices[0]}".')
    elif value.data in choices:
        return value.data
    else:
        good = nearest(value.data, choices)
        fix = f'Write "{good}".' if good else f"Write one of {', '.join(choices)}."
        remarks.bad(f"{value.data!r} is not one of {', '.join(choices)}.", fix, value.span)
    return choices[0]


def _path(value: Value, remarks: Remarks) -> str:
    path = _text(value, remarks)
    return _inside(path, value.span, remarks) if path.strip() else path


def _paths(value: Value, remarks: Remarks) -> tuple[str, ...]:
    return tuple(_inside(path, span, remarks) for path, span in _texts(value, remarks))


def _inside(path: str, span: Span, remarks: Remarks) -> str:
    """The path, normalized; a remark if it does not stay in the app's folder."""
    if "\0" in path:
        remarks.bad("A path cannot hold a NUL character.", "Remove it.", span)
    elif "\\" in path:
        remarks.bad("Paths are written with '/'.", f'Write "{path.replace(chr(92), "/")}".', span)
    elif path.startswith(("/", "~")) or re.match(r"[A-Za-z]:", path):
        fix = "Write a path relative to the folder of draft.toml."
        remarks.bad(f"{path!r} is an absolute path; the app must work on every machine.", fix, span)
    elif not inside(path):
        fix = "Move the file into the folder of draft.toml, or copy it there."
        remarks.bad(f"{path!r} leaves the folder of draft.toml.", fix, span)
    else:
        return str(PurePosixPath(path))
    return path


def _variables(value: Value, remarks: Remarks) -> Mapping[str, str]:
    table = value.table
    if table is None:
        remarks.wrong_type(value, "a table of texts")
        return MappingProxyType({})
    for entry in table.entries.values():
        if not isinstance(entry.value.data, str):
            wanted = f"{remarks.key.name}: {entry.key} must be a text, not {describe(entry.value)}."
            remarks.found.append(Remark("wrong-type", wanted, "Put the value in quotes.", entry.value.span))
        elif not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", entry.key):
            remarks.bad(
                f"{entry.key!r} cannot name a build argument.", "Use letters, digits and '_'.", entry.span
            )
    good = {
        key: entry.value.data for key, entry in table.entries.items() if isinstance(entry.value.data, str)
    }
    return MappingProxyType(good)


_PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9.]+)?")
_ARCHITECTURES = {"x86_64": "amd64", "x64": "amd64", "aarch64": "arm64", "armv7l": "arm/v7", "i386": "386"}


def _platforms(value: Value, remarks: Remarks) -> tuple[str, ...]:
    texts = _texts(value, remarks)
    for text, span in texts:
        system, _, architecture = text.rpartition("/")
        good = f"{system or 'linux'}/{_ARCHITECTURES.get(architecture, architecture)}"
        if not _PLATFORM.fullmatch(text) or architecture in _ARCHITECTURES:
            fix = f'Write "{good}".' if _PLATFORM.fullmatch(good) else 'Write it like "linux/amd64".'
            remarks.bad(f"{text!r} is not a platform: os/architecture.", fix, span)
    _no_repeats(texts, remarks)
    return tuple(text for text, _ in texts)


_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


def _tags(value: Value, remarks: Remarks) -> tuple[str, ...]:
    texts = _texts(value, remarks)
    for text, span in texts:
        if not _TAG.fullmatch(text):
            fix = "Use at most 128 letters, digits, '_', '.' and '-', without the image's name."
            remarks.bad(f"{text!r} cannot be an image tag.", fix, span)
    _no_repeats(texts, remarks)
    return tuple(text for text, _ in texts)


def _assignments(value: Value, remarks: Remarks) -> tuple[str, ...]:
    texts = _texts(value, remarks)
    for text, span in texts:
        key, sign, _ = text.partition("=")
        if not sign or not key.strip():
            remarks.bad(f"{text!r} sets nothing.", 'Write it like "replicaCount=2".', span)
    return tuple(text for text, _ in texts)


def _flag(value: Value, remarks: Remarks) -> bool:
    if isinstance(value.data, bool):
        return value.data
    fix = ""
    if isinstance(value.data, str) and value.data.lower() in {"true", "false"}:
        fix = f"Write {remarks.key.name} = {value.data.lower()}, without quotes."
    remarks.wrong_type(value, "true or false", fix)
    return False


def _seconds(value: Value, remarks: Remarks) -> float | None:
    """A number of seconds; none if it is none, or longer than a day."""
    number = value.data
    if isinstance(number, bool) or not isinstance(number, int | float):
        fix = ""
        if isinstance(number, str) and (digits := re.fullmatch(r"\s*(\d{1,5})\s*s?\s*", number)):
            fix = f"Write {remarks.key.name} = {digits[1]}, without quotes."
        remarks.wrong_type(value, "a number of seconds", fix)
        return None
    if math.isnan(number) or number > LONGEST_WAIT:
        fix = f"Write at most {LONGEST_WAIT}, a day."
        remarks.bad(f"{remarks.key.name} is a number of seconds, at most a day.", fix, value.span)
        return None
    return max(float(number), -1.0) if math.isfinite(number) else -1.0


def _timeout(value: Value, remarks: Remarks) -> float:
    seconds = _seconds(value, remarks)
    if seconds is not None and seconds <= 0:
        remarks.bad("timeout must be more than 0 seconds.", "Write timeout = 300.", value.span)
    return seconds or 0.0


def _delay(value: Value, remarks: Remarks) -> float:
    seconds = _seconds(value, remarks)
    if seconds is not None and seconds < 0:
        remarks.bad("watch_delay cannot be negative.", "Write watch_delay = 2.", value.span)
    return seconds or 0.0


def _ports(value: Value, remarks: Remarks) -> tuple[PortOverride, ...]:
    ports: list[PortOverride] = []
    for text, span in _texts(value, remarks):
        found = re.fullmatch(r"\s*(\d{1,9})\s*(?::\s*(\d{1,9})\s*)?", text)
        if not found or not found[2]:
            good = f"{found[1]}:{found[1]}" if found else "8080:80"
            remarks.bad(f"{text!r} is not a pair local:remote.", f'Write "{good}".', span)
            continue
        port = PortOverride(int(found[1]), int(found[2]))
        if not all(0 < each < 65_536 for each in (port.local, port.remote)):
            remarks.bad(f"{text!r} holds a port that does not exist.", "Use ports from 1 to 65535.", span)
        elif port.local in {each.local for each in ports}:
            fix = "Use another local port, or remove one of the two."
            remarks.bad(f"The local port {port.local} is used twice.", fix, span)
        ports.append(port)
    return tuple(ports)


def _sync(value: Value, remarks: Remarks) -> SyncRules:
    table = value.table
    if table is None:
        if not isinstance(value.data, str):
            remarks.wrong_type(value, '"auto", "off" or a table', 'Write sync = "auto".')
            return SyncRules()
        return SyncRules(SyncMode(_choice(value, remarks, SYNC_MODES)))
    for key, entry in table.entries.items():
        if key not in SYNC_KEYS:
            good = nearest(key, SYNC_KEYS)
            fix = f"Write {good}." if good else f"Use {', '.join(SYNC_KEYS)}."
            remarks.found.append(Remark("unknown-key", f"sync has no key {key!r}.", fix, entry.span))
    mode, exclude, restart = (table.entries.get(key) for key in SYNC_KEYS)
    return SyncRules(
        SyncMode(_choice(mode.value, remarks, SYNC_MODES)) if mode else SyncMode.AUTO,
        tuple(text for text, _ in _texts(exclude.value, remarks)) if exclude else (),
        tuple(text for text, _ in _texts(restart.value, remarks)) if restart else None,
    )


def _ignored(value: Value, remarks: Remarks) -> None:
    message = f"{remarks.key.name} has no effect: builds in Azure Container Registry are not supported."
    fix = "Remove the key."
    remarks.found.append(Remark("ignored-key", message, fix, value.span, Severity.HINT))


def _no_repeats(texts: tuple[tuple[str, Span], ...], remarks: Remarks) -> None:
    seen: set[str] = set()
    for text, span in texts:
        if text in seen:
            remarks.bad(f"{text!r} stands twice in {remarks.key.name}.", "Remove one of the two.", span)
        seen.add(text)


def _quoted(value: object) -> str:
    return f'"{value}"'


_READERS: Mapping[Kind, Callable[[Value, Remarks], object]] = MappingProxyType(
    {
        Kind.NAME: _name,
        Kind.NAMESPACE: _namespace,
        Kind.CONTEXTS: _contexts,
        Kind.REGISTRY: _registry,
        Kind.BUILDER: _builder,
        Kind.PATH: _path,
        Kind.PATHS: _paths,
        Kind.VARIABLES: _variables,
        Kind.PLATFORMS: _platforms,
        Kind.TAGS: _tags,
        Kind.ASSIGNMENTS: _assignments,
        Kind.FLAG: _flag,
        Kind.TIMEOUT: _timeout,
        Kind.DELAY: _delay,
        Kind.PORTS: _ports,
        Kind.SYNC: _sync,
        Kind.IGNORED: _ignored,
    }
)
