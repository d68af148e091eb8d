"""``scripts/bench builder``: save → live by stage, built by the local Docker and by the builder in the cluster.

The result is ``{builder: {p50_ms, p95_ms, runs, stages}}`` for ``docker`` and, by what the one in the cluster builds
with, ``buildah`` and ``buildkit``; for these, ``sent_bytes`` too: what one save sent of the sources. All push to the
same registry, which ``draft init --registry`` installs for the run. In the built
cluster all images are stand-ins, and the base images are pushed there first.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benches.core import milliseconds
from benches.deployed import live_app, note
from benches.numbers import progress, summary
from place import ROOT, Place, choose

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

ENGINES = {"buildah": "quay.io/buildah/stable:v1.28", "buildkit": "moby/buildkit:v0.13.2-rootless"}
BASE, REGISTRY = "python:3.11-slim", "registry:2.8"
SENT = re.compile(r"^Sent ([\d,]+) bytes of sources$")


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    place = choose(context=options.context, local=options.local, registry=options.registry)
    result: dict[str, Any] = {}
    with place.namespace("draft-bench") as namespace, installed(place, namespace) as registry:
        runs = options.runs or 10
        result["docker"] = await one(place, namespace, registry, "auto", runs)
        for engine, image in ENGINES.items():
            initialize(place, namespace, "--engine", engine, *(("--image", image) if place.built else ()))
            result[engine] = await one(place, namespace, registry, "cluster", runs)
    return result


async def one(place: Place, namespace: str, registry: str, builder: str, runs: int) -> dict[str, Any]:
    """Saves of one file, each built."""
    progress(f"{builder}: the first deployment")
    settings = {"sync": "off", "registry": registry, "builder": builder, "name": f"with-{builder}"}
    async with live_app(place, namespace, "python", **settings) as app:
        await app.up()
        said = len(app.editor.log)
        saves = []
        for _ in range(runs):
            saves.append(await app.save())
            note(builder, saves[-1])
        sent = [
            int(match[1].replace(",", "")) for each in app.editor.log[said:] if (match := SENT.match(each))
        ]
    names = dict.fromkeys(name for each in saves for name in each.stages)
    return {
        **summary([each.answered for each in saves]),
        "stages": {name: milliseconds([each.stages.get(name, 0.0) for each in saves]) for name in names},
        **({"sent_bytes": median(sent)} if sent else {}),
    }


@contextmanager
def installed(place: Place, namespace: str) -> Iterator[str]:
    """A builder and a registry in a namespace, for as long as the block runs; the registry's address."""
    port = random.randint(30100, 32700)
    registry = f"127.0.0.1:{port}"
    settings = [f"registry.nodePort={port}", "registry.storage.persistent=false"]
    if place.built:
        subprocess.run([ROOT / "scripts/cluster", "images", *ENGINES.values(), REGISTRY], check=True)
        settings += [
            f"image={ENGINES['buildah']}",
            f"registry.image={REGISTRY}",
            "mirrors.docker\\.io=registry",
        ]
    os.environ["DRAFT_BUILDER_NAMESPACE"] = namespace
    initialize(place, namespace, "--registry", *(f"--set={each}" for each in settings))
    if place.built:
        copy = f"{registry}/library/{BASE}"
        for command in (["tag", BASE, copy], ["push", "--quiet", copy], ["rmi", copy]):
            subprocess.run(["docker", *command], check=True, stdout=sys.stderr)
    try:
        yield registry
    finally:
        initialize(place, namespace, "--remove")


def initialize(place: Place, namespace: str, *options: str) -> None:
    """Run ``draft init``."""
    command = [Path(sys.executable).with_name("draft"), "init", "--namespace", namespace]
    arguments = ["--context", place.context, *options]
    subprocess.run([*command, *arguments], env=place.environment, check=True, stdout=sys.stderr)
