"""``scripts/bench loop``: save → first answer of the new version, by app and path, next to its floor.

The result is ``{app: {path: {p50_ms, p95_ms, runs, floor_p50_ms, floor_p95_ms, stages, taken}}}``. ``taken``
counts the ways that the saves really took. The floor of ``sync`` is a bare tar over an open exec stream and a
restart, if the app needs one (``floor.py``), that of ``image`` is docker build, docker push, helm upgrade, kubectl
rollout status. Both are measured in the same run, in turn with ours.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benches.core import milliseconds
from benches.deployed import BareTools, live_app, note
from benches.floor import sync_floor
from benches.numbers import progress, summary
from draft_ls.build.context import ContextReader
from draft_ls.dockerfile.parse import parse
from draft_ls.files import DiskTree
from draft_ls.sync.mapping import Image, changes_between, plan_sync
from draft_ls.sync.model import Rebuild
from editor import FailedError
from place import ROOT, Place, choose

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from benches.deployed import Answered, LiveApp
    from draft_ls.build.model import ContextFile
    from draft_ls.sync.model import SyncPlan


@dataclass(frozen=True)
class Scenario:
    """One app, and how it is saved.

    Attributes:
        app: the key in the result.
        example: the folder of examples/.
        path: ``sync`` or ``image``.
        changed: how many files one save changes.
        context: how many more files lie in the build context.
        replicas: how many pods there are.
    """

    app: str
    example: str
    path: str
    changed: int = 1
    context: int = 0
    replicas: int = 1

    @property
    def name(self) -> str:
        return f"{self.app}.{self.path}"


SCENARIOS = (
    Scenario("flask", "python", "sync"),
    Scenario("flask", "python", "image"),
    Scenario("express", "javascript", "sync"),
    Scenario("express", "javascript", "image"),
    Scenario("static", "static", "sync"),
    Scenario("static", "static", "image"),
    Scenario("go", "go", "image"),
    Scenario("flask-10-changed", "python", "sync", changed=10),
    Scenario("flask-1000-changed", "python", "sync", changed=1000),
    Scenario("flask-10-changed", "python", "image", changed=10),
    Scenario("flask-1000-changed", "python", "image", changed=1000),
    Scenario("flask-100-files", "python", "sync", context=100),
    Scenario("flask-10000-files", "python", "sync", context=10_000),
    Scenario("flask-10000-files", "python", "image", context=10_000),
    Scenario("flask-5-replicas", "python", "sync", replicas=5),
    Scenario("flask-5-replicas", "python", "image", replicas=5),
)


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    place = choose(context=options.context, local=options.local, registry=options.registry)
    result: dict[str, Any] = {}
    for scenario in SCENARIOS:
        if options.only and options.only not in scenario.name:
            continue
        if not (ROOT / "examples" / scenario.example).is_dir():
            progress(f"{scenario.name}: no examples/{scenario.example} in this checkout")
            continue
        with place.namespace("draft-bench") as namespace:
            measured = await one(place, namespace, scenario, options.runs or 30)
        result.setdefault(scenario.app, {})[scenario.path] = measured
    return result


async def one(place: Place, namespace: str, scenario: Scenario, runs: int) -> dict[str, Any]:
    """One scenario: ours and the floor in turn."""
    progress(f"{scenario.name}: the first deployment")
    settings = {
        "sync": "off" if scenario.path == "image" else "auto",
        "set": [f"replicaCount={scenario.replicas}"],
    }
    async with live_app(place, namespace, scenario.example, **settings) as app:
        for number in range(max(scenario.context, scenario.changed - 1)):
            write(app, number, "first")
        await app.up()
        tools = BareTools.beside(place, namespace, app)
        await asyncio.to_thread(tools.deploy)
        floor: list[float] = []
        ours: list[Answered] = []
        if scenario.path == "image":
            for _ in range(runs):
                ours.append(await save(app, scenario))
                floor.append(sum((await asyncio.to_thread(tools.deploy, app.saved_files)).values()))
        else:
            with sync_floor(place, namespace, tools.image, app.port) as bare:
                reader = ContextReader(app.app)
                for _ in range(runs):
                    before = reader.read().files
                    ours.append(await save(app, scenario))
                    plan = planned(app, before, reader.read().files)
                    files = {each.target: app.saved_files[each.source] for each in plan.operations}
                    floor.append(await bare.save(files, app.greeting, restart=plan.restart))
    return described(ours, floor)


def planned(app: LiveApp, before: Mapping[str, ContextFile], after: Mapping[str, ContextFile]) -> SyncPlan:
    """Where the last save's files belong in the container, and whether the app must be started again."""
    image = Image(parse((app.app / "Dockerfile").read_text()), after.keys(), DiskTree(app.app))
    plan = plan_sync(image, changes_between(before, after))
    if isinstance(plan, Rebuild):
        raise FailedError(f"nothing to compare with: {plan.reason}")
    return plan


def write(app: LiveApp, number: int, text: str) -> None:
    """One of the files that are only there to be many."""
    path = app.app / "data" / f"d{number // 100}" / f"f{number}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text} {number}\n")
    app.saved_files[path.relative_to(app.app).as_posix()] = path.read_bytes()


async def save(app: LiveApp, scenario: Scenario) -> Answered:
    """One save of ``changed`` files."""
    app.saved_files.clear()
    for number in range(scenario.changed - 1):
        write(app, number, f"save {app.saves}")
    answered = await app.save()
    note(scenario.name, answered)
    return answered


def described(ours: list[Answered], floor: list[float]) -> dict[str, Any]:
    names = dict.fromkeys(name for each in ours for name in each.stages)
    bare = summary(floor)
    return {
        **summary([each.answered for each in ours]),
        "floor_p50_ms": bare["p50_ms"],
        "floor_p95_ms": bare["p95_ms"],
        "stages": {name: milliseconds([each.stages.get(name, 0.0) for each in ours]) for name in names},
        "taken": dict(Counter("sync" if "sync" in each.stages else "image" for each in ours)),
    }
