"""A member of a workspace, as ``create`` makes it: built from the workspace, and live again after a save beside it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from draft_ls.engine.create import plan_create
from draft_ls.engine.events import Outcome, RunEnded
from draft_ls.engine.writing import write
from draft_ls.errors import Stage
from engine_bench import Bench, bench
from ground import base_images

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

GREETING = 'module.exports = () => "Hello from the workspace!";\n'
SERVER = """\
const greet = require("@shop/greeting");
require("http").createServer((_, answer) => answer.end(greet())).listen(process.env.PORT);
"""
LOCK = {
    "name": "shop",
    "lockfileVersion": 3,
    "requires": True,
    "packages": {
        "": {"name": "shop", "workspaces": ["apps/*", "packages/*"]},
        "apps/web": {"version": "1.0.0", "dependencies": {"@shop/greeting": "*"}, "engines": {"node": "20"}},
        "node_modules/@shop/greeting": {"resolved": "packages/greeting", "link": True},
        "node_modules/other": {"resolved": "packages/other", "link": True},
        "node_modules/web": {"resolved": "apps/web", "link": True},
        "packages/greeting": {"name": "@shop/greeting", "version": "1.0.0"},
        "packages/other": {"version": "1.0.0"},
    },
}
NPM = {
    ".git/HEAD": "ref: refs/heads/main\n",
    "package.json": json.dumps({"name": "shop", "private": True, "workspaces": ["apps/*", "packages/*"]}),
    "package-lock.json": json.dumps(LOCK),
    "apps/web/package.json": json.dumps(
        {
            "name": "web",
            "version": "1.0.0",
            "private": True,
            "engines": {"node": "20"},
            "scripts": {"start": "node server.js"},
            "dependencies": {"@shop/greeting": "*"},
        }
    ),
    "apps/web/server.js": SERVER,
    "packages/greeting/package.json": json.dumps(
        {"name": "@shop/greeting", "version": "1.0.0", "main": "index.js"}
    ),
    "packages/greeting/index.js": GREETING,
    "packages/other/package.json": json.dumps({"name": "other", "version": "1.0.0"}),
    "packages/other/index.js": "",
}

GO_MAIN = """\
package main

import (
	"fmt"
	"net/http"
	"os"

	"example.com/greeting"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, greeting.Hello()) })
	http.ListenAndServe(":"+os.Getenv("PORT"), nil)
}
"""
GO = {
    ".git/HEAD": "ref: refs/heads/main\n",
    "apps/api/go.mod": "module example.com/api\n\ngo 1.19\n\nrequire example.com/greeting v0.0.0\n\n"
    "replace example.com/greeting => ../../libs/greeting\n",
    "apps/api/main.go": GO_MAIN,
    "libs/greeting/go.mod": "module example.com/greeting\n\ngo 1.19\n",
    "libs/greeting/greeting.go": 'package greeting\n\nfunc Hello() string { return "Hello from the workspace!" }\n',
}


def workspace(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture
async def web(namespace: str, tmp_path: Path) -> AsyncIterator[Bench]:
    """The member of an npm workspace, as ``create`` makes it."""
    app = workspace(tmp_path / "shop", NPM) / "apps/web"
    creation = plan_create(app, namespace=namespace)
    assert creation.problems == ()
    write(app, creation.scaffold.edits)
    await asyncio.to_thread(base_images, app)
    async with bench(app, tmp_path / "state") as made:
        yield made


async def ended(web: Bench, seen: int) -> RunEnded:
    await web.until(lambda: bool(web.ends(seen)), "the run ends")
    return next(event for event in web.events[seen:] if isinstance(event, RunEnded))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("builder", ["auto", "docker"])
async def test_a_save_in_a_sibling_reaches_the_app(web: Bench, builder: str) -> None:
    web.configure(builder=builder)
    root = web.app.parents[1]
    sibling, other = root / "packages/greeting/index.js", root / "packages/other/index.js"
    await web.live()
    assert await web.get() == "Hello from the workspace!"

    seen = len(web.events)
    sibling.write_text(GREETING.replace("Hello", "Synced"))
    assert web.engine.saved(sibling) == (web.key,)
    assert (await ended(web, seen)).outcome is Outcome.LIVE, web.status.problems
    assert web.stages(seen) == [Stage.SYNC, Stage.ROUTE]
    assert await web.get() == "Synced from the workspace!"

    seen = len(web.events)
    sibling.write_text(GREETING.replace("Hello", "Watched"))  # as git does it: no editor tells of it
    assert (await ended(web, seen)).outcome is Outcome.LIVE, web.status.problems
    assert await web.get() == "Watched from the workspace!"

    other.write_text("// not this app's affair\n")
    assert web.engine.saved(other) == ()

    seen = len(web.events)
    manifest = web.app / "package.json"
    manifest.write_text(manifest.read_text().replace("1.0.0", "1.0.1"))
    assert web.engine.saved(manifest) == (web.key,)
    assert (await ended(web, seen)).outcome is Outcome.LIVE, web.status.problems
    assert Stage.BUILD in web.stages(seen)
    assert await web.get() == "Watched from the workspace!"


@pytest.mark.timeout(600)
async def test_a_failure_in_a_sibling_is_told_at_its_line(web: Bench) -> None:
    root = web.app.parents[1]
    sibling = root / "packages/greeting/index.js"
    await web.live()
    seen = len(web.events)
    sibling.write_text('\nthrow new Error("no greeting");\n')
    assert web.engine.saved(sibling) == (web.key,)
    assert (await ended(web, seen)).outcome is Outcome.FAILED
    [place] = [each.place for each in web.status.problems if each.place]
    assert place.path == sibling
    assert place.span is not None
    assert place.span.start.line == 1

    seen = len(web.events)
    sibling.write_text("module.exports = ( => 1;\n")
    assert web.engine.saved(sibling) == (web.key,)
    await web.until(lambda: bool(web.ends(seen)) or web.status.state == "held", "it is held or fails")
    assert web.status.problems[0].place is not None
    assert web.status.problems[0].place.path == sibling


@pytest.mark.timeout(600)
async def test_a_save_in_a_module_beside_it_builds_the_app_anew(namespace: str, tmp_path: Path) -> None:
    app = workspace(tmp_path / "shop", GO) / "apps/api"
    creation = plan_create(app, namespace=namespace, answers={"cache_mounts": "false"})
    assert creation.problems == ()
    write(app, creation.scaffold.edits)
    await asyncio.to_thread(base_images, app)
    module = app.parents[1] / "libs/greeting/greeting.go"
    async with bench(app, tmp_path / "state") as api:
        await api.live()
        assert await api.get() == "Hello from the workspace!"
        seen = len(api.events)
        module.write_text(GO["libs/greeting/greeting.go"].replace("Hello from", "Built from"))
        assert api.engine.saved(module) == (api.key,)
        assert (await ended(api, seen)).outcome is Outcome.LIVE, api.status.problems
        assert Stage.BUILD in api.stages(seen)
        assert await api.get() == "Built from the workspace!"

        seen = len(api.events)
        module.write_text("package greeting\n\nfunc Hello() string { return 1 }\n")
        assert api.engine.saved(module) == (api.key,)
        assert (await ended(api, seen)).outcome is Outcome.FAILED
        places = [each.place for each in api.status.problems if each.place]
        assert module in {
            place.path for place in places
        }  # the compiler names it as ../../libs/greeting/greeting.go
