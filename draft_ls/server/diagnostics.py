"""Problems of every source, merged for each file, pushed and pulled.

A source replaces everything that it said before; what it no longer says is gone. For a client that pulls,
the diagnostics of open documents come from the text alone and are pulled; those of runs, and of files that
are not open, are pushed. The two never repeat each other.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from lsprotocol.types import (
    Diagnostic,
    DiagnosticRelatedInformation,
    DiagnosticSeverity,
    Location,
    PublishDiagnosticsParams,
)

from draft_ls.errors import Severity
from draft_ls.server.uris import uri_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping
    from pathlib import Path

    from draft_ls.errors import Problem
    from draft_ls.server.server import DraftLanguageServer

_SEVERITIES = {
    Severity.ERROR: DiagnosticSeverity.Error,
    Severity.WARNING: DiagnosticSeverity.Warning,
    Severity.INFORMATION: DiagnosticSeverity.Information,
    Severity.HINT: DiagnosticSeverity.Hint,
}

Source = tuple[str, "Hashable"]
"""Who says so: ``("text", app)`` from what is written, ``("run", key)`` from what happened."""


class Diagnostics:
    """What every source says about every file."""

    def __init__(self, ls: DraftLanguageServer) -> None:
        self._ls = ls
        self._said: dict[Source, Mapping[Path, Iterable[Problem]]] = {}
        self._pushed: dict[Path, list[Diagnostic]] = {}
        self._pulled: dict[Path, str] = {}

    def replace(self, source: Source, problems: Mapping[Path, Iterable[Problem]]) -> None:
        """Everything that ``source`` has to say now; the files concerned are pushed again."""
        before = self._said.pop(source, {})
        if problems:
            self._said[source] = problems
        for path in {*before, *problems}:
            self.push(path)
        if self._ls.client.pull and self.stale():
            self._ls.views.changed()

    def push(self, path: Path) -> None:
        """Send the diagnostics of a file if they changed; needed too when it is opened or closed."""
        pulled = self._ls.client.pull and self._ls.is_open(path)
        found = self._of(path, text=not pulled)
        if found == self._pushed.get(path, []):
            return
        if found:
            self._pushed[path] = found
        else:
            self._pushed.pop(path, None)
        document = self._ls.document(path)
        self._ls.text_document_publish_diagnostics(
            PublishDiagnosticsParams(
                uri=document.uri if document else uri_of(path),
                diagnostics=found,
                version=document.version if document and self._ls.client.versions else None,
            )
        )

    def pull(self, path: Path) -> tuple[str, list[Diagnostic]]:
        """The diagnostics of an open document's text, and an id that changes when they do."""
        identifier, found = self._text(path)
        self._pulled[path] = identifier
        return identifier, found

    def closed(self, path: Path) -> None:
        """A document is no longer open: nobody pulls it any more."""
        self._pulled.pop(path, None)
        self.push(path)

    def stale(self) -> bool:
        """Whether a document has other diagnostics now than those that were pulled last."""
        return any(self._text(path)[0] != identifier for path, identifier in self._pulled.items())

    def _text(self, path: Path) -> tuple[str, list[Diagnostic]]:
        found = self._of(path, text=True, run=False)
        return hashlib.sha256(repr(found).encode()).hexdigest()[:16], found

    def shown(self, path: Path) -> list[Diagnostic]:
        """Everything that is said about a file, as the client shows it."""
        return self._of(path, text=True)

    def problems(self, path: Path) -> list[Problem]:
        """Everything that is said about a file, for quick fixes."""
        return [problem for said in self._said.values() for problem in said.get(path, ())]

    def _of(self, path: Path, *, text: bool, run: bool = True) -> list[Diagnostic]:
        kinds = {kind for kind, wanted in (("text", text), ("run", run)) if wanted}
        found = [
            problem
            for (kind, _), said in sorted(self._said.items(), key=lambda item: item[0][0])
            if kind in kinds
            for problem in said.get(path, ())
        ]
        return [self._diagnostic(path, problem) for problem in dict.fromkeys(found)]

    def _diagnostic(self, path: Path, problem: Problem) -> Diagnostic:
        span = problem.place.span if problem.place else None
        return Diagnostic(
            range=self._ls.lines(path).range(span),
            message=message_of(problem),
            severity=_SEVERITIES[problem.severity],
            code=problem.code,
            source="draft",
            related_information=self._related(problem) or None,
        )

    def _related(self, problem: Problem) -> list[DiagnosticRelatedInformation]:
        if not self._ls.client.related:
            return []
        return [
            DiagnosticRelatedInformation(
                Location(uri_of(place.path), self._ls.lines(place.path).range(place.span)), message
            )
            for place, message in problem.related
        ]


def message_of(problem: Problem) -> str:
    """A problem as a person reads it in the editor: what, why, what to do."""
    cause = problem.cause if problem.cause != problem.message else ""
    lines = [problem.message, cause, problem.fix]
    return "\n".join(line for line in lines if line)
