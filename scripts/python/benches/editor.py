"""``scripts/bench editor``: how long a person waits for an answer while typing in draft.toml.

Requests over real stdio, from sending to the decoded answer: so the client's own work is in it. And, in a
process of its own, what the analysis takes: ``diagnosticAfterChange`` is an answer and all of that together.
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
from draft_ls.analysis.app import problems_of_app
from draft_ls.analysis.context import Memory
from draft_ls.analysis.draft_toml import config_problems
from draft_ls.config.read import parse
from draft_ls.files import DiskTree, OverlayTree
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
            return result | look(config, text, runs)


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


def look(config: Path, text: str, runs: int) -> dict[str, dict[str, float]]:
    """A key pressed, and what the analysis itself takes: of draft.toml alone, and of the whole app."""
    progress("analysis of draft.toml, and of the app")
    memory = Memory()
    alone: list[float] = []
    whole: list[float] = []
    for number in range(runs):
        tree = OverlayTree(DiskTree(config.parent), {config.name: f"{text}\n# {number}\n    nam = 1\n"})
        started = time.perf_counter()
        config_problems(tree, parse(tree.read(config.name) or "", config))
        between = time.perf_counter()
        problems_of_app(tree, memory)
        alone.append(between - started)
        whole.append(time.perf_counter() - between)
    return {"configAnalysis": described(alone), "contractAnalysis": described(whole)}


def described(samples: list[float]) -> dict[str, float]:
    return {**summary(samples), "p99_ms": round(percentile(samples, 0.99) * 1000, 2)}
