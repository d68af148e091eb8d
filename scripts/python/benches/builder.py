"""``scripts/bench builder``: save → live by stage, built by the local Docker and by the builder in the cluster.

The result is ``{builder: {p50_ms, p95_ms, runs, stages}}``, and for the cluster ``sent_bytes``: what one save sent of
the sources. Both push to the same registry, which ``draft init --registry`` installs for the run. In the built
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

BUILDERS = ("auto", "cluster")
BASE, BUILDAH, REGISTRY = "python:3.11-slim", "quay.io/buildah/stable:v1.28", "registry:2.8"
SENT = re.compile(r"^Sent ([\d,]+) bytes of sources$")


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    place = choose(context=options.context, local=options.local, registry=options.registry)
    result: dict[str, Any] = {}
    with place.namespace("draft-bench") as namespace, installed(place, namespace) as registry:
        for builder in BUILDERS:
            measured = await one(place, namespace, registry, builder, options.runs or 10)
            result["docker" if builder == "auto" else builder] = measured
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
    where = ("--context", place.context, "--namespace", namespace)
    settings = [f"registry.nodePort={port}", "registry.storage.persistent=false"]
    if place.built:
        subprocess.run([ROOT / "scripts/cluster", "images", BUILDAH, REGISTRY], check=True)
        settings += [f"image={BUILDAH}", f"registry.image={REGISTRY}", "mirrors.docker\\.io=registry"]
    os.environ["DRAFT_BUILDER_NAMESPACE"] = namespace
    draft = Path(sys.executable).with_name("draft")
    install = [draft, "init", "--registry", *where, *(f"--set={each}" for each in settings)]
    subprocess.run(install, env=place.environment, check=True, stdout=sys.stderr)
    if place.built:
        copy = f"{registry}/library/{BASE}"
        for command in (["tag", BASE, copy], ["push", "--quiet", copy], ["rmi", copy]):
            subprocess.run(["docker", *command], check=True, stdout=sys.stderr)
    try:
        yield registry
    finally:
        subprocess.run(
            [draft, "init", "--remove", *where], env=place.environment, check=True, stdout=sys.stderr
        )
