"""The chart that ``draft init`` installs: what it asks of the cluster, as both Helms render it."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import yaml

from draft_ls.build.incluster.place import ENGINE_LABEL, ENGINES, LABELS, PROTOCOL, VERSION_LABEL
from draft_ls.engine.builder_setup import chart_folder
from ground import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from ground import Tools

Objects = dict[tuple[str, str], dict[str, Any]]

APPARMOR = "container.apparmor.security.beta.kubernetes.io/builder"


@pytest.fixture(params=["helm4", "helm3"])
def helm(request: pytest.FixtureRequest, tools: Tools) -> Path:
    return getattr(tools, request.param)


def template(helm: Path, *settings: str, kubernetes: str = "1.31.0") -> subprocess.CompletedProcess[str]:
    command = [helm, "template", "draft-builder", chart_folder(), "--namespace", "there"]
    options = ["--kube-version", kubernetes, *(f"--set={each}" for each in settings)]
    return subprocess.run([*command, *options], capture_output=True, text=True, check=False)


def rendered(helm: Path, *settings: str, kubernetes: str = "1.31.0") -> Objects:
    done = template(helm, *settings, kubernetes=kubernetes)
    assert done.returncode == 0, done.stderr
    return {
        (each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(done.stdout) if each
    }


def pod(objects: Objects, name: str = "draft-builder") -> dict[str, Any]:
    return objects["Deployment", name]["spec"]["template"]["spec"]


def test_it_asks_for_little(helm: Path) -> None:
    objects = rendered(helm)
    assert {kind for kind, _ in objects} == {"ServiceAccount", "ConfigMap", "Deployment", "Role"}
    spec = pod(objects)
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    (container,) = spec["containers"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["SETUID", "SETGID"]}
    assert "privileged" not in container["securityContext"]
    assert "memory" in container["resources"]["limits"]
    assert not any("hostPath" in volume for volume in spec["volumes"])
    verbs = {
        resource: rule["verbs"]
        for rule in objects["Role", "draft-builder-user"]["rules"]
        for resource in rule["resources"]
    }
    assert verbs == {
        "pods": ["get", "list", "watch"],
        "pods/exec": ["create", "get"],
        "deployments": ["get", "list"],
    }


def test_privileges_users_and_volumes_only_when_asked_for(helm: Path) -> None:
    objects = rendered(
        helm, "privileged=true", "storage.persistent=true", "users[0].kind=User", "users[0].name=ann"
    )
    (container,) = pod(objects)["containers"]
    assert container["securityContext"] == {"privileged": True}
    assert objects["RoleBinding", "draft-builder-user"]["subjects"] == [{"kind": "User", "name": "ann"}]
    assert ("PersistentVolumeClaim", "draft-builder") in objects


def test_the_registry_is_known_to_the_builder_by_the_nodes_name(helm: Path) -> None:
    objects = rendered(helm, "registry.enabled=true", "registry.nodePort=30123")
    assert objects["Service", "draft-builder-registry"]["spec"]["ports"][0]["nodePort"] == 30123
    known = objects["ConfigMap", "draft-builder"]["data"]["registries"].splitlines()
    assert known == ["alias 127.0.0.1:30123 registry", "alias localhost:30123 registry", "insecure registry"]
    assert pod(objects, "draft-builder-registry")["automountServiceAccountToken"] is False


def test_chart_script_and_client_speak_the_same_version(helm: Path) -> None:
    labels = rendered(helm)["Deployment", "draft-builder"]["metadata"]["labels"]
    assert labels[VERSION_LABEL] == str(PROTOCOL)
    assert all(
        labels[name] == value for name, _, value in (each.partition("=") for each in LABELS.split(","))
    )
    script = (ROOT / "builder/files/builder.sh").read_text()
    assert re.findall(r"^PROTOCOL=(\d+)$", script, re.MULTILINE) == [str(PROTOCOL)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kubernetes", ["1.29.0", "1.31.0"])
def test_every_object_is_what_its_schema_says(helm: Path, engine: str, kubernetes: str) -> None:
    everything = "registry.enabled=true", "storage.persistent=true", f"engine={engine}"
    objects = rendered(helm, *everything, kubernetes=kubernetes)
    assert len(objects) == 8
    for each in objects.values():
        kubernetes_validate.validate(each, kubernetes, strict=True)


def test_buildkit_runs_as_its_makers_have_it(helm: Path) -> None:
    objects = rendered(helm, "engine=buildkit")
    assert objects["Deployment", "draft-builder"]["metadata"]["labels"][ENGINE_LABEL] == "buildkit"
    spec = pod(objects)
    (container,) = spec["containers"]
    assert re.fullmatch(r"moby/buildkit:v[\d.]+-rootless", container["image"])
    assert container["securityContext"] == {"allowPrivilegeEscalation": True}
    assert spec["securityContext"]["runAsUser"] == 1000
    assert spec["securityContext"]["seccompProfile"] == {"type": "Unconfined"}
    script = (ROOT / "builder/files/buildkit.sh").read_text()
    assert objects["ConfigMap", "draft-builder"]["data"]["engine.sh"].strip() == script.strip()
    script = (ROOT / "builder/files/runc.sh").read_text()
    assert objects["ConfigMap", "draft-builder"]["data"]["runc.sh"].strip() == script.strip()
    (mode,) = [each["configMap"]["defaultMode"] for each in spec["volumes"] if each["name"] == "settings"]
    assert mode == 0o555
    assert "runc.sh" not in rendered(helm)["ConfigMap", "draft-builder"]["data"]
    (container,) = pod(rendered(helm, "engine=buildkit", "privileged=true"))["containers"]
    assert re.fullmatch(r"moby/buildkit:v[\d.]+", container["image"])
    assert container["securityContext"] == {"privileged": True}


def test_who_is_started_is_ready_at_once_with_old_kubelets_too(helm: Path) -> None:
    (container,) = pod(rendered(helm))["containers"]
    assert container["startupProbe"]["exec"] == container["readinessProbe"]["exec"]


@pytest.mark.parametrize("engine", ENGINES)
def test_no_apparmor_profile_forbids_mounts_in_the_words_of_each_kubernetes(helm: Path, engine: str) -> None:
    def said(*settings: str, kubernetes: str) -> tuple[str | None, object]:
        objects = rendered(helm, f"engine={engine}", *settings, kubernetes=kubernetes)
        annotations = objects["Deployment", "draft-builder"]["spec"]["template"]["metadata"]["annotations"]
        return annotations.get(APPARMOR), pod(objects)["securityContext"].get("appArmorProfile")

    assert said(kubernetes="1.29.9") == ("unconfined", None)
    assert said(kubernetes="1.30.1-gke.5") == (None, {"type": "Unconfined"})
    assert said("privileged=true", kubernetes="1.29.9") == (None, None)


def test_the_engines_do_not_share_a_volume_that_only_one_of_them_can_clean(helm: Path) -> None:
    def claim(engine: str) -> str:
        objects = rendered(helm, f"engine={engine}", "storage.persistent=true")
        (volume,) = [each for each in pod(objects)["volumes"] if each["name"] == "storage"]
        name = volume["persistentVolumeClaim"]["claimName"]
        assert ("PersistentVolumeClaim", name) in objects
        return name

    assert claim("buildah") != claim("buildkit")


def test_another_image_is_used_and_another_engine_refused(helm: Path) -> None:
    for engine in ENGINES:
        (container,) = pod(rendered(helm, f"engine={engine}", "image=there/own:1"))["containers"]
        assert container["image"] == "there/own:1"
    refused = template(helm, "engine=kaniko")
    assert refused.returncode
    assert "engine is buildah or buildkit, not kaniko" in refused.stderr


def test_it_passes_the_linter(helm: Path) -> None:
    subprocess.run([helm, "lint", "--strict", chart_folder()], check=True, capture_output=True)
