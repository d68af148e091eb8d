"""The values of draft.toml's keys, kind by kind: what is good, what it means, what to say if it is not."""

from __future__ import annotations

import posixpath
import re
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING

from draft_ls.config.model import Builder, PortOverride, SyncMode, SyncRules
from draft_ls.config.names import (
    LABEL_RULE,
    RELEASE_LIMIT,
    dns_label,
    is_namespace,
    is_release_name,
    is_secret_name,
)
from draft_ls.config.remarks import (
    Remark,
    Remarks,
    describe,
    forbid_repeats,
    read_choice,
    read_text,
    read_texts,
)
from draft_ls.config.schema import BUILDERS, LONGEST_WAIT, SYNC_KEYS, SYNC_MODES, Key, Kind, nearest
from draft_ls.errors import Severity, Span
from draft_ls.files import inside

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from draft_ls.config.document import Value


def read_value(key: Key, value: Value) -> tuple[object, tuple[Remark, ...]]:
    """The value as ``Environment`` carries it, and what is wrong with it.

    With an error among the remarks, the value means nothing.
    """
    remarks = Remarks(key)
    return _READERS[key.kind](value, remarks), tuple(remarks.found)


def _name(value: Value, remarks: Remarks) -> str:
    name = read_text(value, remarks)
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
    name = read_text(value, remarks)
    if name.strip() and not is_namespace(name):
        message = f"{name!r} cannot name a namespace: at most 63 {LABEL_RULE}."
        remarks.bad(message, f'Write namespace = "{dns_label(name)}".', value.span)
    return name


def _secret(value: Value, remarks: Remarks) -> str:
    name = read_text(value, remarks)
    if name.strip() and not is_secret_name(name):
        message = f"{name!r} cannot name a secret: {LABEL_RULE}; dots may stand between such words."
        remarks.bad(message, "Name a secret that is in the namespace.", value.span)
    return name


def _contexts(value: Value, remarks: Remarks) -> tuple[str, ...]:
    if isinstance(value.data, str):
        return (read_text(value, remarks),)
    if value.items is None:
        remarks.wrong_type(value, "a text or a list of texts")
    elif not value.items:
        fix = "Name a context, or remove the key to deploy to whichever is current."
        remarks.bad("context allows no context at all.", fix, value.span)
    else:
        return tuple(text for text, _ in read_texts(value, remarks))
    return ()


_REGISTRY = re.compile(
    r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?(?::\d{1,5})?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*", re.IGNORECASE
)


def _registry(value: Value, remarks: Remarks) -> str:
    registry = read_text(value, remarks)
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
    return Builder(read_choice(value, remarks, BUILDERS))


def _path(value: Value, remarks: Remarks) -> str:
    path = read_text(value, remarks)
    return _inside(path, value.span, remarks) if path.strip() else path


def _paths(value: Value, remarks: Remarks) -> tuple[str, ...]:
    return tuple(_inside(path, span, remarks) for path, span in read_texts(value, remarks))


def _above(value: Value, remarks: Remarks) -> str:
    """The folder of draft.toml or one above it, normalized."""
    path = read_text(value, remarks)
    if not path.strip() or _unreadable(path, value.span, remarks):
        return path
    normal = posixpath.normpath(path)
    if normal != "." and set(normal.split("/")) != {".."}:
        message = f"{path!r} is neither the folder of draft.toml nor one above it."
        remarks.bad(message, 'Write build_context = "..", with a ".." for each level.', value.span)
    return normal


def _inside(path: str, span: Span, remarks: Remarks) -> str:
    """The path, normalized; a remark if it does not stay in the app's folder."""
    if _unreadable(path, span, remarks):
        return path
    if not inside(path):
        fix = "Move the file into the folder of draft.toml, or copy it there."
        remarks.bad(f"{path!r} leaves the folder of draft.toml.", fix, span)
        return path
    return str(PurePosixPath(path))


def _unreadable(path: str, span: Span, remarks: Remarks) -> bool:
    """Whether a path means nothing on another machine; a remark says why."""
    if "\0" in path:
        remarks.bad("A path cannot hold a NUL character.", "Remove it.", span)
    elif "\\" in path:
        remarks.bad("Paths are written with '/'.", f'Write "{path.replace(chr(92), "/")}".', span)
    elif path.startswith(("/", "~")) or re.match(r"[A-Za-z]:", path):
        fix = "Write a path relative to the folder of draft.toml."
        remarks.bad(f"{path!r} is an absolute path; the app must work on every machine.", fix, span)
    else:
        return False
    return True


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
    texts = read_texts(value, remarks)
    for text, span in texts:
        system, _, architecture = text.rpartition("/")
        good = f"{system or 'linux'}/{_ARCHITECTURES.get(architecture, architecture)}"
        if not _PLATFORM.fullmatch(text) or architecture in _ARCHITECTURES:
            fix = f'Write "{good}".' if _PLATFORM.fullmatch(good) else 'Write it like "linux/amd64".'
            remarks.bad(f"{text!r} is not a platform: os/architecture.", fix, span)
    forbid_repeats(texts, remarks)
    return tuple(text for text, _ in texts)


_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


def _tags(value: Value, remarks: Remarks) -> tuple[str, ...]:
    texts = read_texts(value, remarks)
    for text, span in texts:
        if not _TAG.fullmatch(text):
            fix = "Use at most 128 letters, digits, '_', '.' and '-', without the image's name."
            remarks.bad(f"{text!r} cannot be an image tag.", fix, span)
    forbid_repeats(texts, remarks)
    return tuple(text for text, _ in texts)


def _assignments(value: Value, remarks: Remarks) -> tuple[str, ...]:
    texts = read_texts(value, remarks)
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
    if number > LONGEST_WAIT or number != number:
        fix = f"Write at most {LONGEST_WAIT}, a day."
        remarks.bad(f"{remarks.key.name} is a number of seconds, at most a day.", fix, value.span)
        return None
    return float(max(number, -1))


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
    for text, span in read_texts(value, remarks):
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
        return SyncRules(SyncMode(read_choice(value, remarks, SYNC_MODES)))
    for key, entry in table.entries.items():
        if key not in SYNC_KEYS:
            good = nearest(key, SYNC_KEYS)
            fix = f"Write {good}." if good else f"Use {', '.join(SYNC_KEYS)}."
            remarks.found.append(Remark("unknown-key", f"sync has no key {key!r}.", fix, entry.span))
    mode, exclude, restart = (table.entries.get(key) for key in SYNC_KEYS)
    return SyncRules(
        SyncMode(read_choice(mode.value, remarks, SYNC_MODES)) if mode else SyncMode.AUTO,
        tuple(text for text, _ in read_texts(exclude.value, remarks)) if exclude else (),
        tuple(text for text, _ in read_texts(restart.value, remarks)) if restart else None,
    )


def _ignored(value: Value, remarks: Remarks) -> None:
    message = f"{remarks.key.name} has no effect: builds in Azure Container Registry are not supported."
    fix = "Remove the key."
    remarks.found.append(Remark("ignored-key", message, fix, value.span, Severity.HINT))


_READERS: Mapping[Kind, Callable[[Value, Remarks], object]] = MappingProxyType(
    {
        Kind.NAME: _name,
        Kind.NAMESPACE: _namespace,
        Kind.CONTEXTS: _contexts,
        Kind.REGISTRY: _registry,
        Kind.CREDENTIALS: _secret,
        Kind.BUILDER: _builder,
        Kind.PATH: _path,
        Kind.PATHS: _paths,
        Kind.ABOVE: _above,
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
