"""The chart that ``draft init`` installs: what it asks of the cluster, as both Helms render it."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from draft_ls.build.incluster.place import LABELS, PROTOCOL, VERSION_LABEL
from draft_ls.engine.builder_setup import chart_folder
from ground import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from ground import Tools

Objects = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(params=["helm4", "helm3"])
def helm(request: pytest.FixtureRequest, tools: Tools) -> Path:
    return getattr(tools, request.param)


def rendered(helm: Path, *settings: str) -> Objects:
    command = [helm, "template", "draft-builder", chart_folder(), "--namespace", "there"]
    options = [f"--set={each}" for each in settings]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
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


def test_it_passes_the_linter(helm: Path) -> None:
    subprocess.run([helm, "lint", "--strict", chart_folder()], check=True, capture_output=True)
