"""Failures caused for real: each lands on the line where it can be corrected, and is gone with its cause."""

from __future__ import annotations

import asyncio
import base64
import os
import threading
import time
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from draft_ls.config.read import parse
from draft_ls.engine.create import plan_create
from draft_ls.engine.events import Outcome, State
from draft_ls.engine.writing import write
from engine_bench import Bench, bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ground import RealCluster

VALUES, DOCKERFILE = "chart/values.yaml", "Dockerfile"
SERVICE, DEPLOYMENT = "chart/templates/service.yaml", "chart/templates/deployment.yaml"
APP = "app = Flask(__name__)"
CMD = 'CMD ["gunicorn", "--bind", "0.0.0.0:5000", "app:app"]'
QUOTA = """\
apiVersion: v1
kind: ResourceQuota
metadata: {name: small}
spec: {hard: {requests.memory: 200Mi}}
"""
DEMANDING = """\
apiVersion: v1
kind: ResourceQuota
metadata: {name: small}
spec: {hard: {limits.cpu: "8"}}
"""
LIMITS = """\
apiVersion: v1
kind: LimitRange
metadata: {name: small}
spec: {limits: [{type: Container, max: {memory: 100Mi}}]}
"""
SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: keys}
stringData: {other: x}
"""
TAKEN = """\
apiVersion: v1
kind: Service
metadata: {name: taken}
spec: {type: NodePort, selector: {app: none}, ports: [{port: 80, nodePort: 30987}]}
"""


@dataclass(frozen=True)
class Failure:
    """One change that makes a deployment fail.

    Attributes:
        name: what is wrong.
        file: the file that is changed: a stretch of it, and what is put there.
        code: the code of the problem.
        blamed: the file that is blamed, and what stands in its line.
        also: further changes, each like the first.
        given: what is in the namespace meanwhile.
        source: what is said beside it of the app's own source: file, line and words.
        later: the app answers at first.
    """

    name: str
    file: str
    old: str
    new: str
    code: str
    blamed: tuple[str, str]
    also: tuple[tuple[str, str, str], ...] = ()
    given: str = ""
    source: tuple[str, int, str] | None = None
    later: bool = False


REFUSED = (
    Failure(
        "a number where a text belongs",
        VALUES,
        "cpu: 50m",
        "cpu: 9000",
        "chart-object-invalid",
        (VALUES, "cpu: 9000"),
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
        "an image that is nowhere",
        "draft.toml",
        'sync = "off"',
        'sync = "off"\nset = ["image.tag=nope", "image.pullPolicy=Always"]',
        "image-",
        ("draft.toml", "set ="),
    ),
    Failure(
        "a field that there is none of",
        SERVICE,
        "targetPort: http",
        "targetPrt: http",
        "chart-object-invalid",
        (SERVICE, "targetPrt"),
    ),
    Failure(
        "a kind that there is none of",
        SERVICE,
        "kind: Service",
        "kind: Servise",
        "chart-kind-unknown",
        (SERVICE, "kind: Servise"),
    ),
    Failure(
        "a name that is none",
        SERVICE,
        'name: {{ include "app.fullname" . }}',
        "name: Bad_Name",
        "chart-object-invalid",
        (SERVICE, "name: Bad_Name"),
    ),
    Failure(
        "a mount of nothing",
        VALUES,
        "volumeMounts: []",
        "volumeMounts: [{name: none, mountPath: /data}]",
        "chart-object-invalid",
        (VALUES, "volumeMounts:"),
    ),
    Failure(
        "another selector",
        VALUES,
        'nameOverride: ""\n',
        "nameOverride: other\n",
        "release-immutable-field",
        (DEPLOYMENT, "selector:"),
        also=((VALUES, 'fullnameOverride: ""', "fullnameOverride: flask"),),
    ),
    Failure(
        "a node's port that is taken",
        SERVICE,
        "targetPort: http",
        "targetPort: http\n      nodePort: 30987",
        "chart-object-invalid",
        (SERVICE, "nodePort: 30987"),
        also=((VALUES, "type: ClusterIP", "type: NodePort"),),
        given=TAKEN,
    ),
    Failure(
        "a user who may not",
        "draft.toml",
        'sync = "off"',
        'sync = "off"\ncontext = "limited"',
        "cluster-forbidden",
        ("draft.toml", "context ="),
    ),
    Failure(
        "no config map of that name",
        VALUES,
        "volumes: []",
        "volumes: [{name: v, configMap: {name: gone}}]",
        "configmap-missing",
        (VALUES, "gone"),
        also=((VALUES, "volumeMounts: []", "volumeMounts: [{name: v, mountPath: /data}]"),),
    ),
    Failure(
        "a key that a secret lacks",
        DEPLOYMENT,
        "          env:\n",
        "          env:\n            - name: TOKEN\n"
        "              valueFrom: {secretKeyRef: {name: keys, key: token}}\n",
        "secret-key-missing",
        (DEPLOYMENT, "key: token"),
        given=SECRET,
    ),
    Failure(
        "an image that must be there, and is not",
        VALUES,
        "pullPolicy: IfNotPresent",
        "pullPolicy: Never",
        "image-not-on-node",
        (VALUES, "pullPolicy: Never"),
        also=(("draft.toml", 'sync = "off"', 'sync = "off"\nset = ["image.tag=nope"]'),),
    ),
    Failure(
        "an image name that is none",
        "draft.toml",
        'sync = "off"',
        'sync = "off"\nset = ["image.tag=:no:"]',
        "image-name-invalid",
        ("draft.toml", "set ="),
    ),
    Failure(
        "a registry that wants a login",
        "draft.toml",
        'sync = "off"',
        'sync = "off"\nset = ["image.repository=LOCKED/app", "image.pullPolicy=Always"]',
        "image-pull-denied",
        ("draft.toml", "set ="),
    ),
    Failure(
        "a container that prepares, and fails",
        DEPLOYMENT,
        "      containers:\n",
        "      initContainers:\n        - name: prepare\n          image: python:3.11-slim\n"
        "          command: [sh, -c, exit 3]\n      containers:\n",
        "container-crashes",
        (DEPLOYMENT, "- name: prepare"),
    ),
)
WAITED = (
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
)
DENIED = (
    Failure(
        "a quota",
        VALUES,
        "memory: 64Mi",
        "memory: 256Mi",
        "quota-exceeded",
        (VALUES, "requests:"),
        given=QUOTA,
    ),
    Failure(
        "more memory than a node has",
        VALUES,
        "memory: 64Mi\n  limits:\n    memory: 512Mi",
        "memory: 900Gi\n  limits:\n    memory: 900Gi",
        "pod-unschedulable",
        (VALUES, "requests:"),
    ),
    Failure(
        "a quota that wants to know more",
        VALUES,
        "cpu: 50m",
        "cpu: 60m",
        "quota-needs-resources",
        (VALUES, "resources:"),
        given=DEMANDING,
    ),
    Failure(
        "more than a container may have",
        VALUES,
        "cpu: 50m",
        "cpu: 70m",
        "pod-denied",
        (VALUES, "limits:"),
        given=LIMITS,
    ),
    Failure(
        "too little memory, said in draft.toml",
        "draft.toml",
        'sync = "off"',
        'sync = "off"\nset = ["resources.limits.memory=12Mi", "resources.requests.memory=12Mi"]',
        "container-out-of-memory",
        ("draft.toml", "set ="),
    ),
)
PROBES = (
    Failure(
        "a readiness probe at a path that is not there",
        VALUES,
        "readinessProbe:\n  httpGet:\n    path: /healthz",
        "readinessProbe:\n  periodSeconds: 1\n  httpGet:\n    path: /gone",
        "readiness-probe-failed",
        (VALUES, "readinessProbe:"),
        also=(("draft.toml", 'sync = "off"', 'sync = "off"\ntimeout = 8'),),
        later=True,
    ),
    Failure(
        "a liveness probe at a path that is not there",
        VALUES,
        "livenessProbe:\n  httpGet:\n    path: /healthz",
        "livenessProbe:\n  periodSeconds: 1\n  failureThreshold: 1\n  httpGet:\n    path: /gone",
        "liveness-probe-failed",
        (VALUES, "livenessProbe:"),
        later=True,
    ),
    Failure(
        "a startup probe of another port",
        VALUES,
        "    port: http\n  periodSeconds: 2\n  failureThreshold: 60",
        "    port: 9\n  periodSeconds: 1\n  failureThreshold: 1",
        "startup-probe-failed",
        (VALUES, "startupProbe:"),
        later=True,
    ),
    Failure(
        "a file written where nothing may be written",
        VALUES,
        "readOnlyRootFilesystem: false",
        "readOnlyRootFilesystem: true",
        "container-crashes",
        ("app.py", "open("),
        also=(("app.py", APP, f'{APP}\nopen("/app/made", "w").close()'),),
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
        source=("broken.py", 2, "ValueError: no luck"),
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
    Failure(
        "a program that may not be run",
        DOCKERFILE,
        CMD,
        'CMD ["./app.py"]',
        "container-cannot-start",
        (DOCKERFILE, "CMD ["),
    ),
    Failure(
        "a variable that is not set",
        "app.py",
        APP,
        f'{APP}\nTOKEN = os.environ["NOWHERE"]',
        "container-crashes",
        ("app.py", "NOWHERE"),
    ),
    Failure(
        "a module that is not installed",
        "app.py",
        APP,
        f"{APP}\nimport nowhere_installed",
        "container-crashes",
        ("app.py", "nowhere_installed"),
    ),
    Failure(
        "a port that is in use",
        "app.py",
        APP,
        f'{APP}\nimport socket\nsocket.create_server(("0.0.0.0", 5000))',
        "container-crashes",
        ("app.py", "create_server"),
    ),
    Failure(
        "a base image that is nowhere",
        DOCKERFILE,
        "FROM python:3.11-slim",
        "FROM 127.0.0.1:5000/gone:1",
        "base-image-missing",
        (DOCKERFILE, "FROM 127"),
    ),
    Failure(
        "a misspelt instruction", DOCKERFILE, "EXPOSE", "EXPSE", "dockerfile-syntax", (DOCKERFILE, "EXPSE")
    ),
    Failure(
        "a misspelt flag",
        DOCKERFILE,
        "COPY --chown=10001",
        "COPY --chwn=10001",
        "dockerfile-syntax",
        (DOCKERFILE, "--chwn"),
    ),
    Failure(
        "a stage that there is none of",
        DOCKERFILE,
        "COPY --chown=10001:10001 . .",
        "COPY --from=bulder / /x",
        "base-image-",
        (DOCKERFILE, "--from=bulder"),
    ),
    Failure(
        "a file that is ignored",
        DOCKERFILE,
        "COPY --chown=10001:10001 . .",
        "COPY chart/values.yaml ./",
        "copy-source-ignored",
        (DOCKERFILE, "COPY chart"),
    ),
    Failure(
        "a build step's command that is not there",
        DOCKERFILE,
        "USER 10001",
        "RUN no-such-program\nUSER 10001",
        "build-step-failed",
        (DOCKERFILE, "RUN no-such-program"),
    ),
    Failure(
        "a build step's script that may not be run",
        DOCKERFILE,
        "USER 10001",
        "RUN ./broken.py\nUSER 10001",
        "build-step-failed",
        (DOCKERFILE, "RUN ./broken.py"),
    ),
    Failure(
        "a Debian package that there is none of",
        DOCKERFILE,
        "USER 10001",
        "RUN apt-get install --yes no-such-package\nUSER 10001",
        "build-step-failed",
        (DOCKERFILE, "RUN apt-get"),
    ),
    Failure(
        "no way to a host",
        DOCKERFILE,
        "USER 10001",
        "RUN python -c \"import urllib.request as web; web.urlopen('http://127.0.0.1:9')\"\nUSER 10001",
        "build-step-network",
        (DOCKERFILE, "RUN python -c"),
    ),
    Failure(
        "a version that there is none of",
        "requirements.txt",
        "flask>=3.1,<4",
        "flask>=99",
        "build-step-failed",
        (DOCKERFILE, "RUN pip install"),
        source=("requirements.txt", 1, "Could not find a version"),
    ),
    Failure(
        "a line that is no requirement",
        "requirements.txt",
        "flask>=3.1,<4",
        "flask = 3",
        "build-step-failed",
        (DOCKERFILE, "RUN pip install"),
        source=("requirements.txt", 1, "Invalid requirement"),
    ),
)


@pytest.fixture
def app(app_folder: Callable[..., Path], new_namespace: Callable[[], str]) -> Callable[[str], Path]:
    """Each call makes the same app in a folder and a namespace of its own."""

    def make(name: str) -> Path:
        folder = app_folder("python", name)
        write(folder, plan_create(folder, name="flask", namespace=new_namespace()).scaffold.edits)
        (folder / "broken.py").write_text('def go():\n    raise ValueError("no luck")\n\n\ngo()\n')
        return folder

    return make


@pytest.fixture
def locked() -> Iterator[str]:
    """The address of a registry that lets nobody in."""

    class Refuses(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="locked"')
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815 - the base class's way

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - the base class's way

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refuses)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def limit(cluster: RealCluster, namespace: str) -> None:
    """Add the kube context "limited": a user who may do nothing."""
    cluster.kubectl("create", "serviceaccount", "limited", "-n", namespace)
    account = cluster.get("serviceaccount", "limited", "-n", namespace)
    while not account.get("secrets"):
        account = cluster.get("serviceaccount", "limited", "-n", namespace)
    secret = cluster.get("secret", account["secrets"][0]["name"], "-n", namespace)
    token = base64.b64decode(secret["data"]["token"]).decode()
    config = Path(os.environ["KUBECONFIG"])
    texts = yaml.safe_load(config.read_text())
    context = next(each["context"] for each in texts["contexts"] if each["name"] == cluster.context)
    texts["users"].append({"name": "limited", "user": {"token": token}})
    texts["contexts"].append({"name": "limited", "context": {**context, "user": "limited"}})
    config.write_text(yaml.safe_dump(texts))


async def fails(flask: Bench, failure: Failure) -> None:
    """Save the change, see the failure at its line, and take the change back without a save."""
    changes = (*failure.also, (failure.file, failure.old, failure.new))
    good = {path: (flask.app / path).read_text() for path, _, _ in changes}
    for path, old, new in failure.also:
        flask.write(path, flask.replace(path, old, new))
    began = time.monotonic()
    try:
        await is_told(flask, failure)
    finally:
        print(f"{time.monotonic() - began:5.1f} s {failure.name}")
        for path, text in good.items():
            flask.write(path, text)


async def is_told(flask: Bench, failure: Failure) -> None:
    """Save the change, and see the failure at its line."""
    ended = await flask.save(failure.file, flask.replace(failure.file, failure.old, failure.new))
    assert failure.later or ended.outcome is Outcome.FAILED, failure.name
    if failure.later:
        await flask.state(State.FAILED)
    problem = flask.status.problems[0]
    assert problem.code.startswith(failure.code), (failure.name, problem)
    path, said = failure.blamed
    assert problem.place is not None, (failure.name, problem)
    assert problem.place.path == flask.app / path, (failure.name, problem)
    span = problem.place.span
    assert span is not None, (failure.name, problem)
    assert said in problem.place.path.read_text().splitlines()[span.start.line], (failure.name, problem)
    if failure.source is not None:
        path, line, said = failure.source
        others = [each for each in flask.status.problems if each.code == f"{problem.code}-source"]
        assert others, (failure.name, problem.details)
        other = others[0]
        assert str(other.place).startswith(f"{flask.app / path}:{line}:"), (failure.name, other)
        assert said in other.message, (failure.name, other)


async def fail_in_turn(
    app: Path, state: Path, cluster: RealCluster, failures: Sequence[Failure], **keys: object
) -> list[AssertionError]:
    """Cause one failure after the other; the next good save is live, and nothing of the failures is left.

    Returns:
        Of which failures something else was told.
    """
    async with bench(app, state) as flask:
        flask.configure(sync="off", **keys)
        await flask.live()
        namespace = flask.status.namespace or ""
        wrong: list[AssertionError] = []
        for failure in failures:
            if failure.given:
                cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=failure.given)
            try:
                await fails(flask, failure)
            except AssertionError as error:
                error.add_note(cluster.kubectl("get", "events", "-n", namespace, "--sort-by=.lastTimestamp"))
                wrong.append(error)
            if failure.given:
                cluster.kubectl("delete", "-n", namespace, "-f", "-", stdin=failure.given)
        ended = await flask.save("app.py", flask.replace("app.py", "Hello, World!", "Hello again"))
        assert ended.outcome is Outcome.LIVE, flask.status.problems
        assert flask.status.state is State.LIVE
        assert flask.status.problems == ()
        return wrong


@pytest.mark.timeout(400)
async def test_a_failure_is_at_the_line_where_it_can_be_corrected(
    app: Callable[[str], Path], tmp_path: Path, cluster: RealCluster, locked: str
) -> None:
    """Several apps at once: most of the time passes in waiting."""
    folders = {name: app(name) for name in ("refused", "waited", "denied", "probes", "builds")}
    limit(cluster, read_namespace(folders["refused"]))
    refused = [replace(each, new=each.new.replace("LOCKED", locked)) for each in REFUSED]
    state = tmp_path / "state"
    all_told = await asyncio.gather(
        *(
            fail_in_turn(folders[name], state / name, cluster, failures)
            for name, failures in {
                "refused": refused,
                "waited": WAITED,
                "denied": DENIED,
                "builds": BUILDS,
            }.items()
        ),
        fail_in_turn(folders["probes"], state / "probes", cluster, PROBES, set=["draft=false"]),
    )
    if wrong := [error for each in all_told for error in each]:
        raise ExceptionGroup("failures of which something else was told", wrong)


def read_namespace(app: Path) -> str:
    return parse((app / "draft.toml").read_text(), app / "draft.toml").environments["development"].namespace
