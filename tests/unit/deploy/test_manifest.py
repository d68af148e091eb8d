"""What a release consists of and where a tunnel to it leads, from its manifest."""

from __future__ import annotations

import pytest

from draft_ls.deploy.manifest import documents, of_kind, workloads
from draft_ls.deploy.model import Release, Workload
from draft_ls.deploy.routes import destination, tunnel_route

MANIFEST = """
---
# Source: app/templates/a.yaml
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: v1
kind: List
items:
- kind: Job
  metadata: {name: once, namespace: other}
  spec: {template: {spec: {containers: []}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: redis}
spec:
  template:
    metadata: {labels: {app: redis}}
    spec: {containers: [{name: r, image: "redis:7", ports: [{containerPort: 6379}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: "reg:5000/web:abc"
        ports: [{containerPort: 9090}, {name: http, containerPort: 8080}]
---
"""


def release(manifest: str = MANIFEST) -> Release:
    return Release("app", "space", 1, "deployed", manifest)


def test_workloads_with_their_namespaces() -> None:
    assert workloads(documents(MANIFEST), "space") == (
        Workload("Job", "once", "other"),
        Workload("StatefulSet", "redis", "space"),
        Workload("Deployment", "web", "space"),
    )
    assert [item["metadata"]["name"] for item in of_kind(documents(MANIFEST), "Service")] == ["web"]


def test_the_tunnel_leads_to_the_workload_that_runs_the_apps_image() -> None:
    there = destination(release(), "reg:5000/web")
    assert there is not None
    assert there.workload.name == "web"
    assert there.ports == (8080, 9090)  # what the Service leads to comes first


def test_without_a_known_image_it_leads_to_the_first_with_a_port() -> None:
    there = destination(release())
    assert there is not None
    assert there.workload.name == "redis"


@pytest.mark.parametrize("manifest", ["", "---\n", "kind: ConfigMap\nmetadata: {name: a}\n"])
def test_nothing_to_reach(manifest: str) -> None:
    assert destination(release(manifest)) is None


@pytest.mark.parametrize(
    ("port", "scheme"),
    [
        ("{port: 443, targetPort: 8443}", "https"),
        ("{name: https, port: 8443}", "https"),
        ("{appProtocol: https, port: 9000}", "https"),
        ("{name: web, port: 9000}", "http"),
    ],
)
def test_the_scheme_of_a_port(port: str, scheme: str) -> None:
    text = f"""
kind: Service
metadata: {{name: a}}
spec: {{selector: {{app: a}}, ports: [{port}]}}
---
kind: Deployment
metadata: {{name: a}}
spec:
  template:
    metadata: {{labels: {{app: a, more: b}}}}
    spec: {{containers: [{{name: a, image: a}}]}}
"""
    there = destination(release(text))
    assert there is not None
    assert there.scheme == scheme
    assert tunnel_route([(20001, there.ports[0])], there.scheme).url == f"{scheme}://localhost:20001"
