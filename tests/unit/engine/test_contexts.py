"""A session whose build context lies above its app: what is read, watched, and bound."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from draft_ls.config.read import parse
from draft_ls.engine.contexts import Contexts
from draft_ls.engine.outlook import in_context, is_part, says
from draft_ls.engine.planner import Identity
from draft_ls.engine.reading import context_root
from draft_ls.engine.syncing import judge
from draft_ls.engine.target import Target
from draft_ls.engine.watcher import watch_around
from draft_ls.errors import DraftError

if TYPE_CHECKING:
    from pathlib import Path

DOCKERFILE = """\
FROM node:22
WORKDIR /app
COPY packages/ui packages/ui
COPY apps/web apps/web
CMD node apps/web/a.js
"""
ORIGIN = '{"pack": "javascript", "files": {"Dockerfile": ""}, "sync": {"restart": ["*", "!public/**"]}}'


@pytest.fixture
def app(tmp_path: Path) -> Path:
    files = {
        ".git/HEAD": "",
        "apps/web/a.js": "1",
        "apps/web/public/a.css": "1",
        "apps/web/Dockerfile": DOCKERFILE,
        "apps/web/Dockerfile.dockerignore": "**\n!apps/web\n!packages/ui\n",
        "apps/web/.draft/origin.json": ORIGIN,
        "packages/ui/index.js": "1",
        "packages/db/index.js": "1",
    }
    for name, text in files.items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    folder = tmp_path / "shop/apps/web"
    configure(folder, "../..")
    return folder


def configure(app: Path, build_context: str, more: str = "") -> None:
    text = f'[environments.development]\nname = "web"\nbuild_context = "{build_context}"\n{more}'
    (app / "draft.toml").write_text(text)


async def observed(app: Path, contexts: Contexts) -> Target:
    config = parse((app / "draft.toml").read_text(), app / "draft.toml")
    environment = config.environments["development"]
    context = await contexts.read(config, environment)
    return Target(config, environment, context, Identity("", ""), dockerfile=DOCKERFILE)


async def test_the_context_is_the_folder_above(app: Path) -> None:
    contexts = Contexts(app)
    first = (await observed(app, contexts)).context
    assert first.root == app.parents[1]
    assert first.dockerfile == "apps/web/Dockerfile"
    assert "packages/ui/index.js" in first.files
    assert "packages/db/index.js" not in first.files
    assert (await observed(app, contexts)).context is first
    (app.parents[1] / "packages/ui/index.js").write_text("2")
    assert (await observed(app, contexts)).context.digest != first.digest


async def test_what_lies_around_follows_draft_toml(app: Path) -> None:
    contexts = Contexts(app)
    moved = contexts.moved
    await observed(app, contexts)
    assert moved.is_set()
    assert contexts.around is not None
    assert contexts.around.deep == ("packages/ui",)
    configure(app, ".")
    await observed(app, contexts)
    assert contexts.around is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("packages/ui/index.js", "packages/ui/index.js, then restart"),
        ("apps/web/a.js", "apps/web/a.js, then restart"),
        ("apps/web/public/a.css", "apps/web/public/a.css"),  # the pack's patterns are relative to the app
    ],
)
async def test_a_save_in_a_sibling_is_synced(app: Path, name: str, said: str) -> None:
    contexts = Contexts(app)
    before = await observed(app, contexts)
    (app.parents[1] / name).write_text("2")
    verdict, plan = judge(await observed(app, contexts), before.context.files, DOCKERFILE, None)
    assert plan is not None
    assert verdict is not None
    assert verdict.reason == said
    (written,) = plan.operations
    assert written.target == f"/app/{name}"


async def test_patterns_of_draft_toml_are_relative_to_the_app(app: Path) -> None:
    configure(app, "../..", 'sync = { exclude = ["/public/**"] }\n')
    contexts = Contexts(app)
    before = await observed(app, contexts)
    (app / "public/a.css").write_text("2")
    verdict, plan = judge(await observed(app, contexts), before.context.files, DOCKERFILE, None)
    assert plan is None
    assert verdict is not None
    assert verdict.reason == "apps/web/public/a.css is excluded from sync in draft.toml"


async def test_the_outlook_of_a_file_is_that_of_its_place_in_the_context(app: Path) -> None:
    (app.parents[1] / "package.json").write_text("{}")  # another file of the same name
    (app / "package.json").write_text('{"name": "web"}')
    (app / "Dockerfile.dockerignore").write_text("**\n!package.json\n!apps/web\n!packages/ui\n")
    target = await observed(app, Contexts(app))
    assert is_part(target, "a.js")
    assert not is_part(target, "index.js")
    inner = in_context(target, "package.json")
    assert inner == "apps/web/package.json"
    said = (target.context.files, DOCKERFILE, target.release, "package.json", inner)
    assert says(*said, b'{"name": "web"}')
    assert not says(*said, b"{}")


def test_no_context_holds_the_home_folder(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(app, "../../..")
    config = parse((app / "draft.toml").read_text(), app / "draft.toml")
    (app.parents[2] / ".hg").mkdir()
    (app.parents[1] / ".git/HEAD").unlink()
    (app.parents[1] / ".git").rmdir()
    environment = config.environments["development"]
    monkeypatch.setenv("HOME", "/somewhere/else")
    assert context_root(config, environment) == app.parents[2]
    monkeypatch.setenv("HOME", str(app.parents[2]))
    with pytest.raises(DraftError, match="lies outside") as refused:
        context_root(config, environment)
    assert refused.value.problem.code == "context-outside"
    assert refused.value.problem.place == config.place("development", "build_context")


async def test_changes_around_the_app_are_told(app: Path) -> None:
    contexts, root = Contexts(app), app.parents[1]
    await observed(app, contexts)
    told: asyncio.Queue[tuple[str, ...]] = asyncio.Queue()
    work = watch_around(lambda: (contexts.around, contexts.moved), lambda: 0.1, told.put_nowait)
    task = asyncio.create_task(work)

    async def written(name: str) -> tuple[str, ...]:
        """What is told of a file, which is written until the kernel's watch is set up and sees it."""
        async with asyncio.timeout(20):
            while told.empty():
                (root / name).write_text(f"{told.qsize()}")
                await asyncio.sleep(0.2)
            return told.get_nowait()

    assert await written("packages/ui/index.js") == ("packages/ui/index.js",)
    (root / "packages/db/index.js").write_text("ignored")
    (root / "packages/ui/.index.js.swp").write_text("never")
    (app / "a.js").write_text("the app's own watch tells this")
    (root / "packages/ui/new.js").write_text("new")
    named: set[str] = set()
    async with asyncio.timeout(20):
        while "packages/ui/new.js" not in named:
            named.update(await told.get())
    assert named <= {"packages/ui/index.js", "packages/ui/new.js"}  # the first may be told once more
    (app / "Dockerfile.dockerignore").write_text("**\n!apps/web\n!packages/db\n")
    await observed(app, contexts)
    while not told.empty():
        told.get_nowait()
    assert await written("packages/db/index.js") == ("packages/db/index.js",)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
