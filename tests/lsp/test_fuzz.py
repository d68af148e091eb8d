"""Ten thousand messages as no client should send them, and edits in between, to one server over real stdio.

Every request is answered once, the server keeps its understanding of the text, and every range that it names
lies where an independent reading of the same text says. The messages are drawn by Hypothesis, the same each
time.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lsprotocol.types import PositionEncodingKind

from tests.unit.server.test_texts import reference
from wire import Wire, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UTF16 = PositionEncodingKind.Utf16
INTERNAL = -32603
BATCHES, SIZE = 100, 100
READS = {"draft_ls/server/transport.py", "draft_ls/server/rpc.py", "draft_ls/__main__.py"}
"""What reads messages may log how one of them could not be read."""

BOUND = 240.0
"""Seconds for all of it on a busy machine; a hang is longer."""

TEXT = '[environments]\n  [environments.development]\n    name = "app"\n    watch = true\n'
PIECES = (
    "\n", "\r\n", "\r", "😀", "é", "\u2028", "\x0c", '"', "=", "# c", "", " ", "[", "]", "'''", '"""', "wait = true\n",
    "[environments.staging]\n", 'chart = "nope"\n', "namespace = 3\r\n", 'values = ["a.yaml",\n "b.yaml"]\n', "name",
)  # fmt: skip
METHODS = (
    "hover", "completion", "documentSymbol", "documentLink", "definition", "foldingRange", "inlayHint", "formatting",
    "rename", "prepareRename", "codeLens", "codeAction", "diagnostic",
)  # fmt: skip
NOTIFICATIONS = ("didOpen", "didChange", "didSave", "didClose", "willSave")
OTHERS = (
    "workspace/executeCommand", "workspace/didChangeWatchedFiles", "workspace/didChangeConfiguration",
    "workspace/didChangeWorkspaceFolders", "codeAction/resolve", "draft/apps", "draft/plan", "draft/hold",
    "draft/detect", "draft/history", "initialize", "initialized", "$/cancelRequest", "$/setTrace", "$/unknown",
    "no/such",
)  # fmt: skip

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 2**40) | st.text(max_size=8) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
NUMBER = st.integers(0, 10**6)
URI = st.sampled_from(
    ["file:///never/opened/draft.toml", "untitled:draft.toml", "git:/a?b", "file:", "", "%%", "http://x/y"]
)
POSITION = st.fixed_dictionaries({"line": st.integers(-2, 2**33), "character": st.integers(-2, 2**33)})
EDIT = st.tuples(st.just("edit"), NUMBER, NUMBER, st.sampled_from(PIECES))
ASK = st.tuples(st.just("ask"), st.sampled_from(METHODS[:8]), NUMBER)
ODD = st.tuples(
    st.just("odd"),
    st.sampled_from([f"textDocument/{name}" for name in (*METHODS, *NOTIFICATIONS)] + list(OTHERS)),
    st.one_of(
        JSON,
        st.fixed_dictionaries(
            {"textDocument": st.fixed_dictionaries({"uri": URI, "version": JSON}), "position": POSITION},
            optional={
                "contentChanges": JSON,
                "range": JSON,
                "context": JSON,
                "newName": JSON,
                "options": JSON,
            },
        ),
    ),
    st.booleans(),
)
RAW = st.tuples(st.just("raw"), st.binary(max_size=30) | JSON.map(lambda each: json.dumps(each).encode()))
ANSWER = st.tuples(st.just("answer"), JSON, JSON)
MESSAGE = st.one_of(EDIT, EDIT, EDIT, ASK, ASK, ODD, ODD, ODD, RAW, ANSWER)


def batches() -> list[list[Any]]:
    """What is sent, drawn without a database and without chance."""
    made: list[list[Any]] = []

    @settings(
        max_examples=BATCHES, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )  # fmt: skip
    @given(st.lists(MESSAGE, min_size=SIZE, max_size=SIZE))
    def draw(batch: list[Any]) -> None:
        made.append(batch)

    draw()
    return made


class Fuzz:
    """An editor with one document, which knows what its text must be."""

    def __init__(self, wire: Wire, uri: str) -> None:
        self.wire, self.uri = wire, uri
        self.text, self.version = TEXT, 1
        self.asked: dict[str, tuple[str, str]] = {}
        self.answered: dict[str, dict[str, Any]] = {}
        self.numbers = iter(range(10**9))

    def position(self, offset: int) -> dict[str, int]:
        found = reference(self.text, offset, UTF16)
        return {"line": found.line, "character": found.character}

    def offset(self, number: int) -> int:
        """An offset of the text that is not between the two characters of a line's end."""
        offset = number % (len(self.text) + 1)
        return offset + 1 if self.text[offset - 1 : offset + 1] == "\r\n" else offset

    def request(self, method: str, params: Any) -> None:
        name = f"r{next(self.numbers)}"
        self.asked[name] = (method, self.text)
        self.wire.send({"jsonrpc": "2.0", "id": name, "method": method, "params": params})

    def send(self, message: Any) -> None:
        match message:
            case ("edit", one, other, piece):
                start, end = sorted((self.offset(one), self.offset(other)))
                end = self.offset(min(end, start + 12))
                change = {"range": {"start": self.position(start), "end": self.position(end)}, "text": piece}
                self.text = self.text[:start] + piece + self.text[end:]
                self.version += 1
                document = {"uri": self.uri, "version": self.version}
                self.wire.notify(
                    "textDocument/didChange", {"textDocument": document, "contentChanges": [change]}
                )
            case ("ask", method, number):
                at = self.position(self.offset(number))
                params = {
                    "textDocument": {"uri": self.uri},
                    "position": at,
                    "range": {"start": at, "end": at},
                }
                options = {"tabSize": 2, "insertSpaces": True}
                self.request(f"textDocument/{method}", {**params, "options": options})
            case ("odd", method, params, True):
                self.request(method, params)
            case ("odd", method, params, False):
                self.wire.notify(method, params)
            case ("raw", body):
                self.wire.send_bytes(body)
            case ("answer", identifier, result):
                self.wire.send({"jsonrpc": "2.0", "id": identifier, "result": result})

    async def read(self, until: str) -> None:
        """Take answers up to the one that is waited for."""
        while until not in self.answered:
            message = await self.wire.read()
            identifier = message.get("id")
            if "method" not in message and isinstance(identifier, str) and identifier in self.asked:
                assert identifier not in self.answered, "a request is answered once"
                self.answered[identifier] = message

    def check(self) -> None:
        """Every range of every answer lies in the text that it is about, at whole characters."""
        for name, answer in self.answered.items():
            method, text = self.asked.pop(name)
            if "result" not in answer:
                assert "Traceback" not in json.dumps(answer)
                assert answer["error"]["code"] != INTERNAL, (method, answer)
                continue
            known = positions(text)
            if not method.startswith("textDocument/"):
                continue
            for range_ in ranges(answer["result"]):
                for each in (range_["start"], range_["end"]):
                    assert (each["line"], each["character"]) in known, (method, each, text[-200:])
            for symbol in symbols(answer["result"]) if method.endswith("documentSymbol") else ():
                start, end = (symbol["selectionRange"][side] for side in ("start", "end"))
                said = text[known[start["line"], start["character"]] : known[end["line"], end["character"]]]
                assert symbol["name"] in said.replace('"', "") or symbol["name"] == "?", (symbol, said)
        self.answered.clear()


def positions(text: str) -> dict[tuple[int, int], int]:
    """Every place of a text as a client counts it, with its offset; the slow and sure way."""
    found: dict[tuple[int, int], int] = {}
    for offset in range(len(text) + 1):
        at = reference(text, offset, UTF16)
        found.setdefault((at.line, at.character), offset)
    return found


def ranges(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if value.keys() == {"start", "end"}:
            yield value
        for each in value.values():
            yield from ranges(each)
    elif isinstance(value, list):
        for each in value:
            yield from ranges(each)


def symbols(value: Any) -> Iterator[dict[str, Any]]:
    for each in value or ():
        yield each
        yield from symbols(each.get("children"))


@pytest.mark.timeout(300)
async def test_nothing_that_is_sent_breaks_the_server(tmp_path: Path) -> None:
    (tmp_path / "draft.toml").write_text(TEXT)
    uri = (tmp_path / "draft.toml").as_uri()
    symbols_that_nest = {"hierarchicalDocumentSymbolSupport": True}
    capabilities = {"textDocument": {"documentSymbol": symbols_that_nest, "diagnostic": {}}}
    log = tmp_path / "log"
    async with serving("--log-file", str(log)) as wire, asyncio.timeout(BOUND):
        await wire.initialize(capabilities, workspaceFolders=[{"uri": tmp_path.as_uri(), "name": "x"}])
        fuzz = Fuzz(wire, uri)
        document = {"uri": uri, "languageId": "toml", "version": 1, "text": TEXT}
        wire.notify("textDocument/didOpen", {"textDocument": document})
        for batch in batches():
            for message in batch:
                fuzz.send(message)
            fuzz.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
            await fuzz.read(next(reversed(fuzz.asked)))
            fuzz.check()
            if len(fuzz.text) > 600:
                fuzz.text = TEXT
                fuzz.version += 1
                whole = {"uri": uri, "version": fuzz.version}
                wire.notify(
                    "textDocument/didChange", {"textDocument": whole, "contentChanges": [{"text": TEXT}]}
                )
        assert wire.process.returncode is None
    frames = set(re.findall(r'File "[^"]*(draft_ls/[^"]*)"', log.read_text()))
    assert frames <= READS, "no feature stumbled over what it was given"
