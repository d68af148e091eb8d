"""Reads the table of apps in ``apps/*.txt``.

An app is a block: ``=== name``; one ``=> fact=value | …`` line for each app that is to be found, best first, with
every fact that is not none (or ``=> none``); then its files, each after a line ``--- path``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from draft_ls.detect.commands import shell_line
from draft_ls.files import MemoryTree

if TYPE_CHECKING:
    from draft_ls.detect.model import Detection

APPS = Path(__file__).parent / "apps"
ROOT = Path("/srv/sample")


@dataclass(frozen=True)
class Sample:
    name: str
    expected: tuple[str, ...]
    files: dict[str, str]

    @property
    def tree(self) -> MemoryTree:
        return MemoryTree(self.files, ROOT)


def samples() -> list[Sample]:
    return [sample for path in sorted(APPS.glob("*.txt")) for sample in _read(path)]


def _read(path: Path) -> list[Sample]:
    found: list[Sample] = []
    for block in re.split(r"^=== ", path.read_text(), flags=re.MULTILINE)[1:]:
        head, *files = re.split(r"^--- (.+)\n", block, flags=re.MULTILINE)
        name, *lines = head.strip().splitlines()
        expected = tuple(line.removeprefix("=> ") for line in lines if line != "=> none")
        texts = {files[index]: files[index + 1].rstrip("\n") + "\n" for index in range(0, len(files), 2)}
        found.append(
            Sample(name, expected, {each: "" if text == "\n" else text for each, text in texts.items()})
        )
    return found


SAMPLE_TEXTS = sorted({text for sample in samples() for text in sample.files.values()})


def described(detection: Detection) -> str:
    parts = [f"path={detection.path or '.'}", f"pack={detection.pack}", f"language={detection.language}"]
    facts = {
        "framework": detection.framework,
        "version": detection.version,
        "manager": detection.package_manager,
        "build": detection.build,
        "start": detection.start,
        "port": detection.port,
        "health": detection.health,
    }
    for name, fact in facts.items():
        if fact is not None:
            parts.append(f"{name}={shell_line(fact.value) if isinstance(fact.value, tuple) else fact.value}")
    if detection.reads_port:
        parts.append("reads_port=yes")
    if detection.variables:
        parts.append("variables=" + ",".join(fact.value for fact in detection.variables))
    return " | ".join(parts)
