"""Folders that are two things at once: what is left to the person, and what the person said."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from draft_ls.detect.documents import table
from draft_ls.detect.model import Evidence

if TYPE_CHECKING:
    from draft_ls.detect.model import Detection
    from draft_ls.detect.sources import Sources

ORIGIN_FILE = ".draft/origin.json"
"""Where an app keeps what it was created with: the pack among it, which is the person's answer to a tie.

It belongs into version control: whoever updates the app needs it.
"""

TIE = 0.05
"""Runners-up that are no further behind than this may be meant as well."""

FRONT_ENDS = frozenset({"javascript", "typescript", "html"})
"""Languages whose sources are often only what a server of another language shows."""


def tied(detection: Detection) -> tuple[Detection, ...]:
    """The detections that only a person can choose between, best first; empty if one is plainly meant.

    A folder with the sources of two servers is a tie. One with a server and the front end that it serves is not, nor
    are two packs for one language.
    """
    if detection.evidence[:1] and detection.evidence[0].path.endswith(ORIGIN_FILE):
        return ()
    languages = {detection.language}
    found = [detection]
    for other in detection.alternatives:
        close = round(detection.confidence - other.confidence, 2) <= TIE
        front = other.language in FRONT_ENDS and ("output" in other.details and bool(other.details["output"]))
        plain = other.language in FRONT_ENDS and not other.port
        if close and other.start and other.language not in languages and not front and not plain:
            languages.add(other.language)
            found.append(other)
    return tuple(found) if len(found) > 1 and detection.start else ()


def chosen(sources: Sources, found: list[Detection]) -> list[Detection]:
    """The detections of a folder with the one first that it was created as, if that is among them."""
    pack = _created_as(sources)
    for each in found:
        if each.pack == pack:
            path = f"{sources.path}/{ORIGIN_FILE}" if sources.path else ORIGIN_FILE
            said = replace(each, evidence=(Evidence(path, f"created with {pack}"), *each.evidence))
            return [said, *(other for other in found if other is not each)]
    return found


def _created_as(sources: Sources) -> str:
    text = sources.beside(ORIGIN_FILE) if ".draft" in sources.names else ""
    try:
        return str(table(json.loads(text)).get("pack", "")) if text else ""
    except (ValueError, RecursionError):
        return ""
