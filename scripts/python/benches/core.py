"""``scripts/bench core``: the budgets of the design, measured.

- ``start``, ``idle``, ``detect``, ``digest``: see ``local.py``.
- ``no_op``: the same bytes saved again → the server says that there is nothing to do.
- ``save_to_live``: one line of the app changed and saved, on the image path (``sync = "off"``): until the
  server says live, until the new version answers, by stage; and the bare tools on the same change, in turn.
- ``overhead_ms``: our own part of it: the time outside all stages, and what build, push and release take
  longer than the bare commands.
- ``sync``: the same change on the sync path.
"""

from __future__ import annotations

import asyncio
from statistics import median
from typing import TYPE_CHECKING, Any

from benches import local
from benches.deployed import Answered, BareTools, LiveApp, live_app, note
from benches.numbers import progress, summary
from place import Place, choose

if TYPE_CHECKING:
    import argparse

COMMANDS = ("build", "push", "release")


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    runs = options.runs or 7
    result: dict[str, Any] = {
        "start": await local.start_up(runs),
        "idle": await local.idle(),
        "detect": await asyncio.to_thread(local.detection, runs),
        "digest": await asyncio.to_thread(local.digest, runs),
    }
    place = choose(context=options.context, local=options.local, registry=options.registry)
    with place.namespace("draft-bench") as namespace:
        async with live_app(place, namespace, "python", sync="off") as app:
            result |= await image_path(place, namespace, app, runs)
    with place.namespace("draft-bench") as namespace:
        async with live_app(place, namespace, "python") as app:
            await app.up()
            result["sync"] = described([await saved("sync", app) for _ in range(runs)])
    return result


async def image_path(place: Place, namespace: str, app: LiveApp, runs: int) -> dict[str, Any]:
    """Saves that build, alternating with the bare tools; and saves that change nothing."""
    progress("the first deployment")
    first = await app.up()
    tools = BareTools.beside(place, namespace, app)
    await asyncio.to_thread(tools.deploy)
    ours: list[Answered] = []
    bare: list[dict[str, float]] = []
    for _ in range(runs):
        ours.append(await saved("image", app))
        bare.append(await asyncio.to_thread(tools.deploy, app.saved_files))
        progress(f"bare: {sum(bare[-1].values()) * 1000:.0f} ms")
    unchanged = [await app.save_unchanged() for _ in range(runs)]
    stages = {name: milliseconds([each[name] for each in bare]) for name in bare[0]}
    return {
        "first_up_ms": round(first * 1000),
        "no_op": summary(unchanged),
        "save_to_live": described(ours)
        | {
            "bare": summary([sum(each.values()) for each in bare]) | {"stages": stages},
            "ratio_to_bare": round(
                median(each.answered for each in ours) / median(sum(each.values()) for each in bare), 3
            ),
        },
        "overhead_ms": overhead(ours, bare),
    }


async def saved(name: str, app: LiveApp) -> Answered:
    """One save, said on standard error."""
    answered = await app.save()
    note(name, answered)
    return answered


def described(samples: list[Answered]) -> dict[str, Any]:
    """Saves in numbers: when the new version answered, when the server said so, and the stages' medians."""
    names = dict.fromkeys(name for each in samples for name in each.stages)
    return {
        "answered": summary([each.answered for each in samples]),
        "live": summary([each.live for each in samples]),
        "stages": {name: milliseconds([each.stages.get(name, 0.0) for each in samples]) for name in names},
    }


def overhead(ours: list[Answered], bare: list[dict[str, float]]) -> float:
    """See the module."""
    outside = median(each.took - sum(each.stages.values()) for each in ours)
    longer = sum(
        max(
            0.0,
            median(each.stages.get(name, 0.0) for each in ours)
            - median(each.get(name, 0.0) for each in bare),
        )
        for name in COMMANDS
    )
    return round((outside + longer) * 1000, 1)


def milliseconds(seconds: list[float]) -> float:
    return round(median(seconds) * 1000, 1)
