"""What the packs write for every app of the table passes the tools that know: hadolint, Helm, Kubernetes' schemas."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from draft_ls.detect.detect import detect
from draft_ls.dockerfile.parse import parse
from draft_ls.dockerfile.settings import settings
from draft_ls.engine.pack_check import VARIANTS, schema_problems
from draft_ls.engine.packs import available_packs
from draft_ls.scaffold.model import Action, Scaffold
from draft_ls.scaffold.scaffold import scaffold
from tests.unit.detect.table import samples

if TYPE_CHECKING:
    from draft_ls.detect.model import Detection

PACKS = available_packs(trusted=False)
HADOLINT = Path(sys.executable).with_name("hadolint")


def plans(**answers: Any) -> list[tuple[str, Detection, Scaffold]]:
    found: list[tuple[str, Detection, Scaffold]] = []
    for sample in samples():
        for app in detect(sample.tree):
            pack = PACKS.packs[app.pack]
            fitting = {key: value for key, value in answers.items() if pack.variable(key)}
            name = f"{app.pack}: {sample.name} {app.path}".strip()
            found.append((name, app, scaffold(sample.tree, app, pack, name="sample", answers=fitting)))
    return found


PLANS = plans()
ONE_EACH = {app.pack: (name, app, plan) for name, app, plan in reversed(PLANS)}


def text(plan: Scaffold, path: str) -> str:
    return next(edit.text for edit in plan.edits if edit.path == path)


def write(plan: Scaffold, folder: Path) -> Path:
    for edit in plan.edits:
        target = folder / edit.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(edit.text)
    return folder


def test_every_pack_is_well_formed_and_has_an_app_in_the_table() -> None:
    assert PACKS.problems == ()
    assert set(ONE_EACH) == set(PACKS.packs)


def written(found: list[tuple[str, Detection, Scaffold]]) -> dict[str, tuple[str, str]]:
    """The Dockerfiles that are new, one of each shape: the shape → the text and the pack."""
    texts = (
        (text(plan, "Dockerfile"), app.pack)
        for _, app, plan in found
        if app.pack != "docker"
        and any(edit.path == "Dockerfile" and edit.action is Action.CREATE for edit in plan.edits)
    )
    return {shape(each): (each, pack) for each, pack in texts}


def shape(dockerfile: str) -> str:
    """A Dockerfile without what no rule of hadolint looks at: numbers, and what the exec-form CMD runs."""
    return re.sub(r"\d+(?:\.\d+)*", "0", re.sub(r"^CMD \[.*\]$", "CMD", dockerfile, flags=re.MULTILINE))


@pytest.mark.timeout(300)
def test_hadolint_finds_nothing(tmp_path: Path) -> None:
    paths: list[Path] = []
    shapes = written(PLANS) | written(plans(cache_mounts=True))
    for number, (dockerfile, pack) in enumerate(shapes.values()):
        paths.append(tmp_path / f"{number}-{pack}")
        paths[-1].write_text(dockerfile)
    assert len(paths) > 150
    done = subprocess.run([HADOLINT, "--no-color", *paths], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(("name", "app", "plan"), PLANS, ids=[name for name, _, _ in PLANS])
def test_the_dockerfile_keeps_the_contract(name: str, app: Detection, plan: Scaffold) -> None:
    del name
    edit = next((each for each in plan.edits if each.path == "Dockerfile"), None)
    if edit is None or edit.action is Action.KEEP:
        return
    dockerfile = parse(edit.text)
    assert dockerfile.problems == ()
    assert dockerfile.final is not None
    stage = settings(dockerfile)
    assert stage.command is not None
    assert stage.command.is_exec
    values = yaml.safe_load(text(plan, "chart/values.yaml"))
    if app.start:
        assert stage.command.arguments == app.start.value
    if app.port:
        assert stage.ports == (str(app.port.value),)
        assert values["containerPort"] == app.port.value
    else:
        assert stage.ports == ()
        assert values["containerPort"] == 0
    user = values["podSecurityContext"]["runAsUser"]
    assert user > 0
    assert stage.user in {str(user), None}
    assert stage.user is not None or "nginx-unprivileged" in dockerfile.final.base
    mounts = any(each.keyword == "RUN" and each.flag("mount") for each in dockerfile.instructions)
    assert not mounts or PACKS.packs[app.pack].defaults["cache_mounts"] is True


@pytest.mark.parametrize("helm", ["helm3", "helm4"])
def test_charts_pass_helm_and_the_schemas(helm: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    program = request.getfixturevalue(helm)
    distinct = {text(plan, "chart/values.yaml"): pack for pack, (_, _, plan) in sorted(ONE_EACH.items())}
    folders = [write(ONE_EACH[pack][2], tmp_path / pack) / "chart" for pack in sorted(distinct.values())]
    done = subprocess.run(
        [program, "lint", "--strict", "--quiet", *folders], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for folder in folders if helm == "helm4" else folders[:3]:
        for options in VARIANTS.values():
            for version in ("1.25", "1.37"):
                arguments = [program, "template", "sample", folder, "--kube-version", version, *options]
                made = subprocess.run(arguments, capture_output=True, text=True, check=False)
                assert made.returncode == 0, made.stderr
                assert schema_problems(made.stdout, version) == (), folder


def test_the_schemas_see_what_is_wrong() -> None:
    wrong = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: http}], typ: x}\n"
    assert len(schema_problems(wrong)) == 2


def test_a_development_release_is_quick(tmp_path: Path, helm4: Path) -> None:
    chart = write(ONE_EACH["python"][2], tmp_path) / "chart"
    pod = rendered(helm4, chart, "draft=true,buildID=7")["Deployment"]["spec"]["template"]
    [container] = pod["spec"]["containers"]
    assert pod["metadata"]["annotations"]["buildID"] == "7"
    assert pod["spec"]["terminationGracePeriodSeconds"] == 2
    assert container["readinessProbe"]["periodSeconds"] == 1
    assert "livenessProbe" not in container
    assert "readOnlyRootFilesystem" not in container["securityContext"]
    assert {"name": "PYTHONDONTWRITEBYTECODE", "value": "1"} in container["env"]


def test_a_production_release_is_careful(tmp_path: Path, helm4: Path) -> None:
    chart = write(ONE_EACH["python"][2], tmp_path) / "chart"
    found = rendered(helm4, chart, "image.tag=1")
    pod = found["Deployment"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert pod["terminationGracePeriodSeconds"] == 30
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["livenessProbe"]
    assert container["startupProbe"]
    assert container["resources"]["limits"]["memory"]
    assert [each["name"] for each in container["env"]] == ["PORT"]
    assert found["Service"]["spec"]["ports"] == [
        {"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}
    ]


def test_a_stopping_pod_goes_on_serving_where_kubernetes_can_wait(tmp_path: Path, helm4: Path) -> None:
    chart = write(ONE_EACH["python"][2], tmp_path) / "chart"

    def container(values: str, version: str) -> dict[str, Any]:
        found = rendered(helm4, chart, values, f"--kube-version={version}")
        return found["Deployment"]["spec"]["template"]["spec"]["containers"][0]

    assert container("image.tag=1", "1.37")["lifecycle"] == {"preStop": {"sleep": {"seconds": 5}}}
    assert "lifecycle" not in container("image.tag=1", "1.29")
    assert "lifecycle" not in container("draft=true", "1.37")


def test_an_environment_variable_is_set_once(tmp_path: Path, helm4: Path) -> None:
    chart = write(ONE_EACH["python"][2], tmp_path) / "chart"
    values = "draft=true,env.PORT=9000,env.MODE=a,env.PYTHONDONTWRITEBYTECODE=0"
    [container] = rendered(helm4, chart, values)["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert {each["name"]: each["value"] for each in container["env"]} == {
        "MODE": "a",
        "PORT": "9000",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    assert len(container["env"]) == 3


def test_a_disruption_budget_fits_old_clusters(tmp_path: Path, helm4: Path) -> None:
    chart = write(ONE_EACH["python"][2], tmp_path) / "chart"
    new = rendered(helm4, chart, "podDisruptionBudget.enabled=true", "--kube-version=1.37")
    old = rendered(helm4, chart, "podDisruptionBudget.enabled=true", "--kube-version=1.20")
    assert new["PodDisruptionBudget"]["apiVersion"] == "policy/v1"
    assert old["PodDisruptionBudget"]["apiVersion"] == "policy/v1beta1"
    pod = new["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert new["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"].items() <= pod.items()
    assert "PodDisruptionBudget" not in rendered(helm4, chart, "image.tag=1")


def test_a_slow_start_and_a_busy_app_are_no_reason_to_restart(tmp_path: Path) -> None:
    java = yaml.safe_load(text(ONE_EACH["java"][2], "chart/values.yaml"))
    python = yaml.safe_load(text(ONE_EACH["python"][2], "chart/values.yaml"))
    for values, seconds in ((java, 300), (python, 120)):
        probe = values["startupProbe"]
        assert probe["failureThreshold"] * probe["periodSeconds"] == seconds
    [healthy] = [
        yaml.safe_load(text(plan, "chart/values.yaml"))
        for _, app, plan in PLANS
        if app.health and app.pack == "java"
    ][:1]
    assert healthy["livenessProbe"]["failureThreshold"] > healthy["readinessProbe"].get("failureThreshold", 3)


def test_autoscaling_fits_old_clusters(tmp_path: Path, helm4: Path) -> None:
    chart = write(ONE_EACH["python"][2], tmp_path) / "chart"
    new = rendered(helm4, chart, "autoscaling.enabled=true")["HorizontalPodAutoscaler"]
    old = rendered(
        helm4, chart, "autoscaling.enabled=true", "--kube-version=1.20", "--api-versions=autoscaling/v2beta2"
    )
    assert new["apiVersion"] == "autoscaling/v2"
    assert old["HorizontalPodAutoscaler"]["apiVersion"] in {"autoscaling/v2", "autoscaling/v2beta2"}


def rendered(helm: Path, chart: Path, values: str, *options: str) -> dict[str, Any]:
    arguments = [helm, "template", "sample", chart, "--set", values, *options]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    return {each["kind"]: each for each in yaml.safe_load_all(done.stdout) if each}
