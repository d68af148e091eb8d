"""The pack format: the schema, inheritance, variables, what is refused, and that templates stay in their box."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from draft_ls.detect.builtin import builtin_packs_folder
from draft_ls.detect.detect import detect
from draft_ls.detect.facts import ANALYZERS
from draft_ls.errors import DraftError
from draft_ls.files import DiskTree, MemoryTree
from draft_ls.scaffold.packs import load_pack, load_packs
from draft_ls.scaffold.render import render
from draft_ls.scaffold.scaffold import rendered, scaffold

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "docs/pack.schema.json").read_text())
BUILTIN = DiskTree(builtin_packs_folder())
HEAD = 'title = "T"\nsummary = "s"\n'


def pack(tmp_path: Path, text: str, **files: str) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "pack.toml").write_text(HEAD + text)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)
    return folder


@pytest.mark.parametrize(
    "path", sorted(builtin_packs_folder().glob("*/pack.toml")), ids=lambda path: path.parent.name
)
def test_built_in_packs_fit_the_schema(path: Path) -> None:
    errors = [
        error.message for error in Draft202012Validator(SCHEMA).iter_errors(tomllib.loads(path.read_text()))
    ]
    assert errors == []


def test_the_schema_knows_every_analyzer() -> None:
    assert set(SCHEMA["properties"]["analyzer"]["enum"]) == ANALYZERS


def test_a_team_adds_a_pack_without_code(tmp_path: Path) -> None:
    folder = pack(
        tmp_path,
        '[[detect]]\nfile = "acme.yaml"\ncontains = "^kind: web"\n[defaults]\nport = 7777\nstart = ["acme", "run"]\n',
        Dockerfile__j2="FROM acme\nEXPOSE {{ port }}\nCMD {{ start | to_json }}\n",
    )
    tree = MemoryTree({"acme.yaml": "name: x\nkind: web\n"})
    packs = load_packs((DiskTree(folder), BUILTIN))
    [app] = detect(tree, rules=packs.rules)
    made = {edit.path: edit.text for edit in scaffold(tree, app, packs.packs["mine"]).edits}
    assert (app.pack, app.port.value if app.port else None) == ("mine", 7777)
    assert made["Dockerfile"] == 'FROM acme\nEXPOSE 7777\nCMD ["acme", "run"]\n'
    assert "containerPort: 7777" in made["chart/values.yaml"]
    assert detect(MemoryTree({"acme.yaml": "kind: job\n"}), rules=packs.rules) == ()


def test_a_pack_inherits_and_replaces(tmp_path: Path) -> None:
    folder = pack(
        tmp_path, 'extends = "python"\n[defaults]\nversion = "3.12"\n', Dockerfile__j2="FROM ours\n"
    )
    mine = load_pack(DiskTree(folder), shared=BUILTIN)
    base = load_packs((BUILTIN,)).packs["python"]
    assert mine.files["Dockerfile.j2"] == "FROM ours\n"
    assert mine.files["chart/values.yaml.j2"] == base.files["chart/values.yaml.j2"]
    assert mine.defaults["version"] == "3.12"
    assert mine.defaults["port"] == base.defaults["port"]
    assert mine.rules.frameworks == base.rules.frameworks
    assert mine.rules.rules == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[detect]]\nconfidence = 0.5\n", "needs 'file' or 'dependency'"),
        ('[[detect]]\nfile = "a"\nconfidence = 2\n', "above 0 and at most 1"),
        ('[[detect]]\nfile = "a"\ncontains = "("\n', "not a regular expression"),
        ('[[detect]]\ndependency = "flask"\n', "npm:flask"),
        ('extends = "nothing"\n', "no such pack"),
        ('extends = "mine"\n', "circle"),
        ('[variables]\na = { type = "colour" }\n', "its type should be one of"),
        ('[variables]\na = { type = "integer", default = "x" }\n', "its default should be of type integer"),
        ('[defaults]\nstart = "run me"\n', "should be a list of arguments"),
        ("detect = 3\n", "should be tables"),
        ('[sync]\nrestart = "*.py"\n', "sync.restart: should be a list of strings"),
        ("[sync]\nreloads = [3]\n", "should be a list of strings"),
        ("[sync]\nrestarts = []\n", "there is no such key"),
        ("= broken", "not valid TOML"),
    ],
)
def test_a_broken_pack_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    folder = pack(tmp_path, text)
    with pytest.raises(DraftError) as caught:
        load_pack(DiskTree(folder), shared=BUILTIN)
    assert caught.value.problem.code == "bad-pack"
    assert said in caught.value.problem.message
    assert caught.value.problem.fix


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    folder = pack(tmp_path, "")
    (folder / "stolen").symlink_to("/etc/passwd")
    with pytest.raises(DraftError, match="symbolic link"):
        load_pack(DiskTree(folder), shared=BUILTIN)


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{% include '/etc/passwd' %}",
        "{{ unknown }}",
        "{% for each in range(10 ** 9) %}x{% endfor %}",
        "{% for a in range(9999) %}{% for b in range(9999) %}xxxxxxxxxx{% endfor %}{% endfor %}",
        "{{ 1 / 0 }}",
        "{% if %}",
    ],
)
def test_a_template_stays_in_its_box(template: str) -> None:
    with pytest.raises(DraftError) as caught:
        render(template, {"name": "x"}, Path("/packs/mine/Dockerfile.j2"))
    assert caught.value.problem.code == "bad-template"


@pytest.mark.parametrize(
    "path", [".git/hooks/pre-commit", ".draft-tasks.toml", ".draft/packs/x/pack.toml", "draft.toml.j2"]
)
def test_a_pack_may_not_write_what_is_run(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "mine"
    (folder / path).parent.mkdir(parents=True)
    (folder / "pack.toml").write_text('[[detect]]\nfile = "x"\n')
    (folder / path).write_text("[pre-up]\nowned = 'touch owned'\n")
    [mine] = load_packs([DiskTree(tmp_path)]).packs.values()
    with pytest.raises(DraftError, match="may not write"):
        rendered(mine, {})


def test_existing_files_are_kept() -> None:
    tree = MemoryTree(
        {
            "main.go": "package main\nfunc main() {}\n",
            "Dockerfile": "FROM mine\n",
            "chart/Chart.yaml": "name: mine\n",
        }
    )
    [app] = detect(tree)
    plan = scaffold(tree, app, load_packs((BUILTIN,)).packs["go"])
    actions = {edit.path: edit.action.value for edit in plan.edits}
    assert actions["Dockerfile"] == actions["chart/Chart.yaml"] == "keep"
    assert "chart/values.yaml" not in actions
    assert actions["draft.toml"] == "create"


def test_an_answer_has_its_type() -> None:
    tree = MemoryTree({"main.go": "package main\nfunc main() {}\n"})
    [app] = detect(tree)
    go = load_packs((BUILTIN,)).packs["go"]
    with pytest.raises(DraftError, match="cannot be 'yes'"):
        scaffold(tree, app, go, answers={"cache_mounts": "yes"})
    with pytest.raises(DraftError, match="no variable 'nonsense'"):
        scaffold(tree, app, go, answers={"nonsense": 1})
    variable = go.variable("cache_mounts")
    assert variable is not None
    assert variable.parse("yes") is True
