"""Where a failure that names no place can be corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from draft_ls.build.context import ContextReader
from draft_ls.config.read import parse
from draft_ls.engine.blame import located
from draft_ls.engine.create import plan_create
from draft_ls.engine.planner import Identity
from draft_ls.engine.target import Target
from draft_ls.engine.writing import write
from draft_ls.errors import Problem, Stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VALUES, DEPLOYMENT = "chart/values.yaml", "chart/templates/deployment.yaml"

CASES = {
    "a secret": (
        "secret-missing",
        "Container 'flask' needs Secret 'nowhere', which does not exist.",
        {VALUES: ("envFromSecrets: []", "envFromSecrets: [nowhere]")},
        (VALUES, "envFromSecrets: [nowhere]"),
    ),
    "a config map of a volume": (
        "configmap-missing",
        "A volume of pod 'flask-1' needs ConfigMap 'gone', which does not exist.",
        {VALUES: ("volumes: []", "volumes: [{name: v, configMap: {name: gone}}]")},
        (VALUES, "volumes: [{name: v"),
    ),
    "a key": (
        "secret-key-missing",
        "Secret 'keys' has no key 'token', which container 'flask' needs.",
        {DEPLOYMENT: ("          env:\n", "          env: # of\n          # keys\n          # token\n")},
        (DEPLOYMENT, "# token"),
    ),
    "memory": (
        "container-out-of-memory",
        "Container 'flask' used more memory than its limit of 512Mi and was killed.",
        {},
        (VALUES, "    memory: 512Mi"),
    ),
    "memory that draft.toml sets": (
        "container-out-of-memory",
        "Container 'flask' used more memory than its limit of 12Mi and was killed.",
        {"draft.toml": ("    watch = true\n", '    watch = true\n    set = ["resources.limits.memory=12Mi"]\n')},
        ("draft.toml", "    set = "),
    ),
    "an init container": (
        "container-crashes",
        "Init container 'prepare' crashes with exit code 3.",
        {DEPLOYMENT: ("      containers:\n", "      initContainers:\n        - name: prepare\n      containers:\n")},
        (DEPLOYMENT, "        - name: prepare"),
    ),
    "the start command": (
        "container-ends",
        "Container 'flask' ends by itself, with exit code 0, though it is to run on.",
        {},
        ("Dockerfile", "CMD ["),
    ),
    "an image": (
        "image-not-found",
        "The image flask:1 of container 'flask' cannot be pulled.",
        {},
        ("draft.toml", "    name ="),
    ),
    "a user who may not": (
        "cluster-forbidden",
        "The user of context 'x' may not list secrets.",
        {"draft.toml": ("    watch = true\n", '    watch = true\n    context = "x"\n')},
        ("draft.toml", "    context ="),
    ),
}  # fmt: skip


@pytest.fixture
def app(app_folder: Callable[..., Path]) -> Path:
    folder = app_folder("python", "flask")
    write(folder, plan_create(folder, name="flask").scaffold.edits)
    return folder


def saved(app: Path) -> Target:
    config = parse((app / "draft.toml").read_text(), app / "draft.toml")
    dockerfile = (app / "Dockerfile").read_text()
    environment = config.environments["development"]
    return Target(config, environment, ContextReader(app).read(), Identity("", ""), dockerfile=dockerfile)


@pytest.mark.parametrize("name", CASES)
def test_the_line_that_asks_for_it(app: Path, name: str) -> None:
    code, message, changes, (path, begins) = CASES[name]
    for file, (old, new) in changes.items():
        text = (app / file).read_text()
        assert old in text
        (app / file).write_text(text.replace(old, new, 1))
    (found,) = located([Problem(code, message, Stage.ROLLOUT)], saved(app))
    assert found.place is not None
    assert found.place.path == app / path
    assert found.place.span is not None
    line = (app / path).read_text().splitlines()[found.place.span.start.line]
    assert line.strip().startswith(begins.strip())


def test_a_step_and_the_line_of_the_file_that_it_read(app: Path) -> None:
    said = ("ERROR: No matching distribution found for flask==99",)
    problem = Problem("build-step-failed", "The build step failed.", Stage.BUILD, details=said)
    (found,) = located([problem], saved(app))
    assert str(found.place) == f"{app / 'requirements.txt'}:1:1"
    assert found.cause == said[0]
