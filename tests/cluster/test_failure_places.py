"""Failures caused for real: each lands on the line where it can be corrected, and is gone with its cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from draft_ls.engine.create import plan_create
from draft_ls.engine.events import Outcome, State
from draft_ls.engine.writing import write
from engine_bench import Bench, bench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from ground import RealCluster

VALUES, DOCKERFILE = "chart/values.yaml", "Dockerfile"
CMD = 'CMD ["gunicorn", "--bind", "0.0.0.0:5000", "app:app"]'
QUOTA = """\
apiVersion: v1
kind: ResourceQuota
metadata: {name: small}
spec: {hard: {requests.memory: 200Mi}}
"""


@dataclass(frozen=True)
class Failure:
    """One change that makes a deployment fail.

    Attributes:
        name: what is wrong.
        file: the file that is changed: a stretch of it, and what is put there.
        code: the code of the problem.
        blamed: the file that is blamed, and what stands in its line.
    """

    name: str
    file: str
    old: str
    new: str
    code: str
    blamed: tuple[str, str]


CHART = (
    Failure(
        "too little memory",
        VALUES,
        "memory: 64Mi\n  limits:\n    memory: 512Mi",
        "memory: 12Mi\n  limits:\n    memory: 12Mi",
        "container-out-of-memory",
        (VALUES, "    memory: 12Mi"),
    ),
    Failure(
        "no such node",
        VALUES,
        "nodeSelector: {}",
        "nodeSelector: {disk: none}",
        "pod-unschedulable",
        (VALUES, "nodeSelector: {disk"),
    ),
    Failure(
        "too much is asked for", VALUES, "cpu: 50m", "cpu: 9000m", "pod-unschedulable", (VALUES, "requests:")
    ),
    Failure(
        "a number where a text belongs",
        VALUES,
        "cpu: 50m",
        "cpu: 9000",
        "chart-object-invalid",
        (VALUES, "cpu: 9000"),
    ),
    Failure(
        "a secret that is not there",
        VALUES,
        "envFromSecrets: []",
        "envFromSecrets: [nowhere]",
        "secret-missing",
        (VALUES, "[nowhere]"),
    ),
    Failure(
        "root is forbidden",
        VALUES,
        "runAsUser: 10001",
        "runAsUser: 0",
        "container-runs-as-root",
        (VALUES, "runAsUser: 0"),
    ),
    Failure(
        "no such service account",
        VALUES,
        '  name: ""\n\npod',
        "  name: nobody\n\npod",
        "service-account-missing",
        (VALUES, "name: nobody"),
    ),
    Failure(
        "a claim that is not there",
        VALUES,
        "volumes: []",
        "volumes: [{name: v, persistentVolumeClaim: {claimName: gone}}]",
        "volume-claim-unbound",
        (VALUES, "volumes: [{"),
    ),
    Failure("a quota", VALUES, "memory: 64Mi", "memory: 256Mi", "quota-exceeded", (VALUES, "requests:")),
    Failure(
        "an image that is nowhere",
        "draft.toml",
        'sync = "off"',
        'sync = "off"\nset = ["image.tag=nope", "image.pullPolicy=Always"]',
        "image-",
        ("draft.toml", "set ="),
    ),
    Failure(
        "a value of the wrong type",
        VALUES,
        "replicaCount: 1",
        "replicaCount: many",
        "chart-object-invalid",
        (VALUES, "replicaCount: many"),
    ),
    Failure(
        "a port that is none",
        VALUES,
        "  port: 80\n",
        "  port: 99999\n",
        "chart-object-invalid",
        (VALUES, "port: 99999"),
    ),
    Failure(
        "a template that does not render",
        "chart/templates/service.yaml",
        ".Values.service.type",
        ".Values.nothing.type",
        "chart-template-invalid",
        ("chart/templates/service.yaml", ".Values.nothing"),
    ),
    Failure(
        "a template that renders to no YAML",
        "chart/templates/service.yaml",
        "targetPort: http",
        "targetPort: http: x",
        "chart-yaml-invalid",
        ("chart/templates/service.yaml", "targetPort: http: x"),
    ),
    Failure(
        "values that are no YAML",
        VALUES,
        "replicaCount: 1",
        "replicaCount: [1",
        "chart-file-invalid",
        (VALUES, ""),
    ),
)
BUILDS = (
    Failure(
        "a command that is not there",
        DOCKERFILE,
        CMD,
        'CMD ["no-such-server"]',
        "container-cannot-start",
        (DOCKERFILE, "CMD ["),
    ),
    Failure(
        "an app that just ends",
        DOCKERFILE,
        CMD,
        'CMD ["python", "-c", "print(1)"]',
        "container-ends",
        (DOCKERFILE, "CMD ["),
    ),
    Failure(
        "an exception at the start",
        "app.py",
        "app = Flask(__name__)",
        "app = Flask(__name__)\nint('x')",
        "container-crashes",
        ("app.py", "int('x')"),
    ),
    Failure(
        "an exception in the build",
        DOCKERFILE,
        "USER 10001",
        "RUN python broken.py\nUSER 10001",
        "build-step-failed",
        (DOCKERFILE, "RUN python broken.py"),
    ),
    Failure(
        "a package that is none",
        DOCKERFILE,
        "pip install --no-cache-dir",
        "pip install --no-index",
        "build-step-failed",
        (DOCKERFILE, "--no-index"),
    ),
    Failure(
        "a file that is not there",
        DOCKERFILE,
        "COPY --chown=10001:10001 . .",
        "COPY gone.txt .",
        "copy-source-missing",
        (DOCKERFILE, "COPY gone.txt"),
    ),
)


@pytest.fixture
async def flask(app_folder: Callable[..., Path], namespace: str, tmp_path: Path) -> AsyncIterator[Bench]:
    app = app_folder("python", "flask")
    write(app, plan_create(app, name="flask", namespace=namespace).scaffold.edits)
    (app / "broken.py").write_text('def go():\n    raise ValueError("no luck")\n\n\ngo()\n')
    async with bench(app, tmp_path / "state") as made:
        made.configure(sync="off")
        yield made


async def fails(flask: Bench, failure: Failure) -> None:
    """Save the change, see the failure at its line, and take the change back without a save."""
    good = (flask.app / failure.file).read_text()
    ended = await flask.save(failure.file, flask.replace(failure.file, failure.old, failure.new))
    problem = flask.status.problems[0]
    assert ended.outcome is Outcome.FAILED, failure.name
    assert problem.code.startswith(failure.code), (failure.name, problem)
    path, said = failure.blamed
    assert problem.place is not None, (failure.name, problem)
    assert problem.place.path == flask.app / path, (failure.name, problem)
    span = problem.place.span
    assert span is not None, (failure.name, problem)
    assert said in problem.place.path.read_text().splitlines()[span.start.line], (failure.name, problem)
    (flask.app / failure.file).write_text(good)


async def recovers(flask: Bench, text: str) -> None:
    """The next good save is live, and nothing of the failures is left."""
    ended = await flask.save("app.py", flask.replace("app.py", "Hello, World!", text))
    assert ended.outcome is Outcome.LIVE
    assert flask.status.state is State.LIVE
    assert flask.status.problems == ()


@pytest.mark.timeout(600)
async def test_what_the_cluster_refuses_is_at_its_line(flask: Bench, cluster: RealCluster) -> None:
    await flask.live()
    namespace = flask.status.namespace or ""
    for failure in CHART:
        if failure.name == "a quota":
            cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=QUOTA)
        await fails(flask, failure)
        if failure.name == "a quota":
            cluster.kubectl("delete", "-n", namespace, "resourcequota", "small")
    await recovers(flask, "Hello again")


@pytest.mark.timeout(400)
async def test_what_the_build_and_the_app_say_is_at_its_line(flask: Bench) -> None:
    await flask.live()
    for failure in BUILDS:
        await fails(flask, failure)
        if failure.name == "an exception in the build":
            other = next(each for each in flask.status.problems if each.code == "build-step-failed-source")
            assert str(other.place) == f"{flask.app / 'broken.py'}:2:5"
            assert other.message == "ValueError: no luck"
    await recovers(flask, "Hello again")
