"""From start to end: light at the start, nothing on standard output but the protocol, gone when told."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from draft_ls import __version__
from wire import PATIENCE, Wire, serving

PROFILES = Path(__file__).parent / "profiles"
VSCODE = json.loads((PROFILES / "visual_studio_code.json").read_text())
HEAVY = (
    "docker",
    "kubernetes",
    "jinja2",
    "tree_sitter",
    "aiohttp",
    "tomlkit",
    "yaml",
    "rich",
    "typer",
    "watchfiles",
)
LIMIT = 2.0
"""Seconds from ``exit`` to the end of the process: editors kill it then."""


async def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    async with serving(python=["-X", "importtime"]) as wire:
        await wire.initialize(VSCODE)
        await wire.request("shutdown")
        wire.notify("exit")
        assert wire.process.stderr is not None
        said = (await wire.process.stderr.read()).decode()
        await wire.ended()
    imported = {
        line.rpartition("|")[2].strip().partition(".")[0] for line in said.splitlines() if "|" in line
    }
    assert "lsprotocol" in imported, "the list of imports was read"
    assert imported.isdisjoint(HEAVY)


async def test_idle_memory_and_processor_time() -> None:
    async with serving() as wire:
        await wire.initialize(VSCODE)
        await wire.request("draft/apps", {})
        process = psutil.Process(wire.process.pid)
        assert process.memory_info().rss < 70 * 1024 * 1024
        await asyncio.sleep(0.5)  # what the start put off
        before = process.cpu_times()
        await asyncio.sleep(2)
        after = process.cpu_times()
        assert after.user + after.system - before.user - before.system <= 0.02
        assert not process.net_connections()


async def test_capabilities_say_what_is_there() -> None:
    async with serving() as wire:
        found = await wire.initialize(VSCODE, initializationOptions={"commandPrefix": "draft.server."})
        commands = found["executeCommandProvider"]["commands"]
        names = (
            "create update init up stop connect open logs delete rollback history selectEnvironment doctor "
            "plan cancel"
        )
        assert set(commands) == {f"draft.server.{name}" for name in names.split()}
        assert found["experimental"] == {"draft": {"version": 1, "commandPrefix": "draft.server."}}
        assert found["codeActionProvider"]["resolveProvider"] is True
        assert found["diagnosticProvider"]["interFileDependencies"] is True
        assert found["textDocumentSync"]["save"] is not False


async def test_a_client_that_says_nothing_is_asked_nothing() -> None:
    async with serving() as wire:
        found = await wire.initialize({})
        assert "diagnosticProvider" not in found
        assert (await wire.request("draft/apps", {}))["result"] == {}
        assert wire.received == []


FILES = {
    "id": "draft-files",
    "method": "workspace/didChangeWatchedFiles",
    "registerOptions": {
        "watchers": [
            {"globPattern": "**/draft.toml"},
            {"globPattern": "**/*Dockerfile*"},
            {"globPattern": "**/*.dockerignore"},
            {"globPattern": "**/chart/**"},
            {
                "globPattern": "**/{requirements*.txt,pyproject.toml,package.json,package-lock.json,"
                ".env*,values*.yaml}"
            },
        ]
    },
}
SETTINGS = {
    "id": "draft-settings",
    "method": "workspace/didChangeConfiguration",
    "registerOptions": {"section": "draft"},
}


@pytest.mark.parametrize(
    ("files", "settings", "expected"),
    [
        (True, True, [FILES, SETTINGS]),
        (True, False, [FILES]),
        (False, True, [SETTINGS]),
        (False, False, []),
    ],
)
async def test_what_is_registered_is_what_the_client_can_register(
    files: bool, settings: bool, expected: list[object]
) -> None:
    everywhere = {
        name: {"dynamicRegistration": True} for name in ("completion", "hover", "codeLens", "rename")
    }
    workspace = {
        "didChangeWatchedFiles": {"dynamicRegistration": files},
        "didChangeConfiguration": {"dynamicRegistration": settings},
    }
    for text_document in ({}, everywhere):
        async with serving() as wire:
            static = await wire.initialize({"workspace": workspace, "textDocument": text_document})
            await wire.request("draft/apps", {})
            if expected and not wire.received:
                wire.received.append(await wire.read())
            asked = [each for each in wire.received if each["method"] == "client/registerCapability"]
            found = [each for message in asked for each in message["params"]["registrations"]]
            assert found == expected
            features = ("completionProvider", "hoverProvider", "codeLensProvider", "renameProvider")
            assert all(static.get(name) for name in features), "what never changes is not registered"


@pytest.mark.parametrize("options", [7, "x", [], {"notifications": "yes", "commandPrefix": 3, "unknown": {}}])
async def test_odd_initialization_options_are_ignored(options: object) -> None:
    async with serving() as wire:
        found = await wire.initialize({}, initializationOptions=options)
        assert "draft.up" in found["executeCommandProvider"]["commands"]


async def test_exit_after_shutdown_is_well_and_without_it_is_not() -> None:
    for polite, code in ((True, 0), (False, 1)):
        async with serving() as wire:
            await wire.initialize()
            if polite:
                await wire.request("shutdown")
            began = time.monotonic()
            wire.notify("exit")
            assert await wire.ended() == code
            assert time.monotonic() - began < LIMIT


async def test_shutdown_at_once_after_initialized() -> None:
    async with serving() as wire:
        await wire.initialize(VSCODE)  # settings and file events are asked for, and never answered
        assert (await wire.request("shutdown"))["result"] is None
        wire.notify("exit")
        assert await wire.ended() == 0


async def test_the_end_of_input_ends_the_server() -> None:
    async with serving() as wire:
        await wire.initialize()
        wire.close_input()
        assert await wire.ended() == 1


@pytest.mark.parametrize("name", ["/dev/null", "file"])
def test_input_that_is_no_pipe_is_read_to_its_end(tmp_path: Path, name: str) -> None:
    path = tmp_path / name  # an absolute name stays what it is
    body = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}'
    if name == "file":
        path.write_bytes(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    with path.open("rb") as given:
        done = subprocess.run(
            [sys.executable, "-m", "draft_ls"],
            stdin=given,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 1
    assert (b'"capabilities"' in done.stdout) == (name == "file")


async def test_sigterm_ends_the_server() -> None:
    async with serving() as wire:
        await wire.initialize()
        wire.process.send_signal(signal.SIGTERM)
        assert await wire.ended() == 1


async def test_the_editors_death_ends_the_server() -> None:
    editor = await asyncio.create_subprocess_exec("sleep", "60")
    async with serving() as wire:
        await wire.initialize(processId=editor.pid)
        await wire.request("draft/apps", {})
        editor.kill()
        await editor.wait()
        assert await wire.ended() == 1


async def test_a_client_that_does_not_read_cannot_block_the_server(tmp_path: Path) -> None:
    (tmp_path / "draft.toml").write_text("[environments.development]\n" + "bad = 1\n" * 3)
    async with serving() as wire:
        await wire.initialize(workspaceFolders=[{"uri": tmp_path.as_uri(), "name": "x"}])
        for number in range(400):
            wire.send({"jsonrpc": "2.0", "id": f"n{number}", "method": "draft/apps", "params": {}})
        await asyncio.sleep(0.5)  # its output is full now
        assert (await wire.answer("n399"))["result"]["apps"]


async def test_what_others_print_does_not_reach_the_protocol() -> None:
    code = (
        "import sys, draft_ls.server.server as server\n"
        "from draft_ls.server.transport import serve_stdio\n"
        "made = server.create_server()\n"
        "made.feature('test/print')(lambda params: print('to standard output') or 'answered')\n"
        "sys.exit(serve_stdio(made))\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    wire = Wire(process)
    await wire.initialize()
    assert (await wire.request("test/print"))["result"] == "answered"
    await wire.request("shutdown")
    wire.notify("exit")
    async with asyncio.timeout(PATIENCE):
        _, said = await process.communicate()
    assert b"to standard output" in said


async def test_an_unexpected_error_is_logged_and_not_sent() -> None:
    code = (
        "import sys, draft_ls.server.server as server\n"
        "from draft_ls.server.transport import serve_stdio\n"
        "made = server.create_server()\n"
        "made.feature('test/fail')(lambda params: 1 / 0)\n"
        "sys.exit(serve_stdio(made))\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    wire = Wire(process)
    await wire.initialize()
    answer = await wire.request("test/fail")
    assert answer["error"]["code"] == -32603
    assert "division" not in json.dumps(answer)
    wire.notify("test/fail")
    await wire.request("shutdown")
    assert wire.received == []
    wire.notify("exit")
    async with asyncio.timeout(PATIENCE):
        _, said = await process.communicate()
    assert said.count(b"ZeroDivisionError") == 2


async def test_tcp_serves_one_client_on_the_loopback() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "draft_ls", "--tcp", "127.0.0.1:0", stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE):
        line = (await process.stderr.readline()).decode()
        port = int(line.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        body = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}'
        writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert b"Content-Length" in await reader.readline()
        writer.close()
        assert await process.wait() == 1


@pytest.mark.parametrize("address", ["0.0.0.0:9", "example.com:80", "127.0.0.1:x", "127.0.0.1:70000", ""])
def test_tcp_refuses_what_is_not_this_machine(address: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "draft_ls", "--tcp", address], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "--tcp" in done.stderr


def test_version_and_log_file(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "draft_ls", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"draft-ls {__version__}"
    log = tmp_path / "no/such/folder/log"
    bad = subprocess.run(
        [sys.executable, "-m", "draft_ls", "--log-file", str(log)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert bad.returncode == 1
    assert "cannot be written" in bad.stderr


async def test_the_log_holds_no_payload(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with serving("-vv", "--log-file", str(log)) as wire:
        await wire.initialize()
        secret = {
            "uri": (tmp_path / "draft.toml").as_uri(),
            "languageId": "toml",
            "version": 1,
            "text": "s3cr3t = ",
        }
        wire.notify("textDocument/didOpen", {"textDocument": secret})
        await wire.request("draft/detect", {"folder": {"s3cr3t": 1}})
        await wire.request("shutdown")
        wire.notify("exit")
        await wire.ended()
    assert "s3cr3t" not in log.read_text()
    assert log.stat().st_size > 0
