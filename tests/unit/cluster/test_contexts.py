"""Which kube context is meant, from real kubeconfig files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from draft_ls.cluster.contexts import Context, Contexts, is_local, load_contexts, resolve
from draft_ls.errors import DraftError, Position

if TYPE_CHECKING:
    from pathlib import Path

WORK = """
current-context: work
clusters: [{name: c-work, cluster: {server: 'https://10.0.0.7:6443'}}]
contexts:
- {name: work, context: {cluster: c-work, user: me, namespace: team}}
users: [{name: me, user: {exec: {command: aws, args: [eks]}}}]
"""
HOME = """
current-context: kind-home
clusters: [{name: kind-home, cluster: {server: 'https://127.0.0.1:40001'}}]
contexts:
- {name: kind-home, context: {cluster: kind-home, user: kind}}
- {name: work, context: {cluster: kind-home, user: kind}}
users: [{name: kind, user: {}}]
"""


def written(folder: Path, **files: str) -> dict[str, str]:
    for name, text in files.items():
        (folder / name).write_text(text)
    return {"KUBECONFIG": os.pathsep.join(str(folder / name) for name in files), "HOME": str(folder)}


def code(raised: pytest.ExceptionInfo[DraftError]) -> str:
    return raised.value.problem.code


def test_of_several_files_the_first_that_names_a_thing_wins(tmp_path: Path) -> None:
    found = load_contexts(written(tmp_path, work=WORK, home=HOME))
    assert found.current == "work"
    assert set(found.by_name) == {"work", "kind-home"}
    assert found.by_name["work"] == Context("work", "c-work", "https://10.0.0.7:6443", "team", "aws")
    assert found.kubeconfig == f"{tmp_path / 'work'}{os.pathsep}{tmp_path / 'home'}"


def test_files_that_do_not_exist_are_passed_over(tmp_path: Path) -> None:
    environment = written(tmp_path, home=HOME)
    environment["KUBECONFIG"] = f"{tmp_path / 'gone'}{os.pathsep}{environment['KUBECONFIG']}"
    assert load_contexts(environment).files == (tmp_path / "home",)


def test_the_usual_place(tmp_path: Path) -> None:
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube/config").write_text(HOME)
    assert load_contexts({"HOME": str(tmp_path)}).current == "kind-home"


def test_no_kubeconfig_at_all(tmp_path: Path) -> None:
    with pytest.raises(DraftError) as raised:
        load_contexts({"HOME": str(tmp_path)})
    assert code(raised) == "kubeconfig-missing"
    assert str(tmp_path / ".kube/config") in raised.value.problem.message


def test_a_broken_kubeconfig_is_told_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(DraftError) as raised:
        load_contexts(written(tmp_path, broken="contexts:\n- {name: [\nusers: x\n"))
    assert code(raised) == "kubeconfig-broken"
    place = raised.value.problem.place
    assert place is not None
    assert place.path == tmp_path / "broken"
    assert place.span is not None
    assert place.span.start >= Position(1, 0)


@pytest.mark.parametrize("text", ["- a list", "just words"])
def test_a_kubeconfig_that_is_no_mapping(tmp_path: Path, text: str) -> None:
    with pytest.raises(DraftError) as raised:
        load_contexts(written(tmp_path, odd=text))
    assert code(raised) == "kubeconfig-broken"


@pytest.mark.parametrize("text", ["", "contexts: nonsense", "contexts: [7, {name: x}]", "users: {a: 1}"])
def test_odd_but_readable_files_just_hold_nothing(tmp_path: Path, text: str) -> None:
    assert load_contexts(written(tmp_path, odd=text)).by_name == {}


def contexts(current: str | None, *names: str) -> Contexts:
    return Contexts((), {name: Context(name, "", "") for name in names}, current)


@pytest.mark.parametrize(
    ("current", "allowed", "chosen"),
    [("a", (), "a"), ("a", ("b",), "b"), (None, ("b",), "b"), ("b", ("a", "b"), "b")],
)
def test_the_context_that_is_chosen(current: str | None, allowed: tuple[str, ...], chosen: str) -> None:
    assert resolve(contexts(current, "a", "b", "c"), allowed) == chosen


@pytest.mark.parametrize(
    ("current", "allowed", "problem"),
    [
        (None, (), "context-none"),
        ("gone", (), "context-unknown"),
        ("a", ("gone",), "context-unknown"),
        ("c", ("a", "b"), "context-ambiguous"),
        (None, ("a", "b"), "context-ambiguous"),
    ],
)
def test_no_context_can_be_chosen(current: str | None, allowed: tuple[str, ...], problem: str) -> None:
    with pytest.raises(DraftError) as raised:
        resolve(contexts(current, "a", "b", "c"), allowed)
    assert code(raised) == problem
    assert raised.value.problem.fix


def test_an_unknown_context_has_its_nearest_names() -> None:
    with pytest.raises(DraftError) as raised:
        resolve(contexts(None, "production", "staging"), ("stagin",))
    assert raised.value.problem.fix == "Did you mean 'staging'?"


@pytest.mark.parametrize(
    ("name", "server", "local"),
    [
        ("kind-a", "https://10.1.2.3", True),
        ("k3d-a", "", True),
        ("minikube", "https://192.168.49.2:8443", True),
        ("kindly", "https://10.1.2.3", False),
        ("mine", "https://127.0.0.1:6443", True),
        ("mine", "https://[::1]:6443", True),
        ("mine", "https://0.0.0.0:6443", True),
        ("mine", "https://kubernetes.docker.internal:6443", True),
        ("prod", "https://10.1.2.3:6443", False),
        ("prod", "https://api.example.com", False),
    ],
)
def test_which_clusters_run_on_this_machine(name: str, server: str, local: bool) -> None:
    assert is_local(Context(name, "", server)) is local
