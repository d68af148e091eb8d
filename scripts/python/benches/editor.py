"""``scripts/bench editor``: how long a person waits for an answer while typing in draft.toml.

Requests over real stdio, from sending to the decoded answer: so the client's own work is in it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp

from benches.numbers import percentile, progress, summary
from editor import editing
from place import ROOT, with_tools

if TYPE_CHECKING:
    import argparse

    from editor import Editor


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    runs = options.runs or 300
    with tempfile.TemporaryDirectory(prefix="draft-bench-") as folder:
        app = Path(folder) / "python"
        shutil.copytree(ROOT / "examples/python", app)
        async with editing(app, with_tools(os.environ, Path(folder) / "state")) as editor:
            await editor.command("draft.create", confirm=False)
            config, text = app / "draft.toml", (app / "draft.toml").read_text()
            editor.open(config)
            document = lsp.TextDocumentIdentifier(config.as_uri())
            name = next(number for number, line in enumerate(text.splitlines()) if "namespace" in line)
            key, end = lsp.Position(name, 6), lsp.Position(len(text.splitlines()), 0)
            asked: dict[str, Any] = {
                lsp.TEXT_DOCUMENT_COMPLETION: lsp.CompletionParams(document, end),
                lsp.TEXT_DOCUMENT_HOVER: lsp.HoverParams(document, key),
                lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL: lsp.DocumentSymbolParams(document),
                lsp.TEXT_DOCUMENT_CODE_LENS: lsp.CodeLensParams(document),
                lsp.TEXT_DOCUMENT_DIAGNOSTIC: lsp.DocumentDiagnosticParams(document),
            }
            result: dict[str, Any] = {}
            for method, params in asked.items():
                result[method.split("/")[1]] = await ask(editor, method, params, runs)
            result["diagnosticAfterChange"] = await type_and_ask(editor, config, text, runs)
            return result


async def ask(editor: Editor, method: str, params: Any, runs: int) -> dict[str, float]:
    """One request, again and again."""
    progress(method)
    samples: list[float] = []
    for _ in range(runs):
        started = time.perf_counter()
        await editor.request(method, params)
        samples.append(time.perf_counter() - started)
    return described(samples)


async def type_and_ask(editor: Editor, config: Path, text: str, runs: int) -> dict[str, float]:
    """A key pressed, then what is wrong now."""
    progress("diagnostics after a change")
    params = lsp.DocumentDiagnosticParams(lsp.TextDocumentIdentifier(config.as_uri()))
    samples: list[float] = []
    for number in range(runs):
        started = time.perf_counter()
        editor.change(config, f"{text}\n# {number}\n    nam = 1\n")
        await editor.request(lsp.TEXT_DOCUMENT_DIAGNOSTIC, params)
        samples.append(time.perf_counter() - started)
    return described(samples)


def described(samples: list[float]) -> dict[str, float]:
    return {**summary(samples), "p99_ms": round(percentile(samples, 0.99) * 1000, 2)}
