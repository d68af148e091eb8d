"""draft.toml while it is typed. ``█`` is where the cursor stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from draft_ls.analysis.draft_toml import config_problems
from draft_ls.analysis.draft_toml_completion import Offers, complete
from draft_ls.analysis.draft_toml_edits import environment_at, formatted, rename_environment
from draft_ls.analysis.draft_toml_fixes import fixes
from draft_ls.analysis.draft_toml_hover import explain, hints, links, target
from draft_ls.analysis.draft_toml_outline import folds, outline
from draft_ls.analysis.toml_lines import statements
from draft_ls.config.edit import new_config
from draft_ls.config.read import parse
from draft_ls.config.schema import KEYS, Kind
from draft_ls.errors import DraftError, Position
from draft_ls.files import MemoryTree

ROOT = Path("/work space/app")
FILES = MemoryTree(
    {
        "Dockerfile": "FROM scratch\n",
        "docker/prod.Dockerfile": "FROM scratch\n",
        "chart/Chart.yaml": "name: x\n",
        "values.yaml": "{}\n",
        "values.dev.yaml": "{}\n",
        ".hidden": "",
    },
    ROOT,
)
LATER = '[environments.b.image_build_args]\nA = """\n[c]\n"""\nB.C = 1\n'
TABLES = ("[environments.development]", "[environments.staging]", "[environments.production]")
OFFERS = Offers(contexts=("kind-dev", "prod"), namespaces=("team-a",), ports=(8080,))


def cursor(text: str) -> tuple[str, Position]:
    before, _, after = text.partition("█")
    line = before.count("\n")
    return before + after, Position(line, len(before.rpartition("\n")[2]))


def completed(text: str) -> dict[str, str]:
    """What is proposed at the cursor → the whole text once it is taken."""
    plain, position = cursor(text)
    lines = plain.split("\n")
    found: dict[str, str] = {}
    for proposal in complete(plain, position, FILES, OFFERS):
        line = lines[proposal.span.start.line]
        start, end = proposal.span.start.character, proposal.span.end.character
        assert proposal.span.start.line == position.line
        assert start <= position.character <= end
        made = [*lines]
        made[proposal.span.start.line] = line[:start] + proposal.text + line[end:]
        found[proposal.label] = "\n".join(made)
    return found


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("[█", ["[environments]", *TABLES]),
        ("[environments.de█", ["[environments]", *TABLES]),
        (
            "[environments.development]\n[█",
            ["[environments]", *TABLES[1:], "[environments.development.image_build_args]"],
        ),
        ("[environments.d]\nbuilder = █", ["auto", "docker", "buildkit", "cluster"]),
        ("[environments.d]\nbuilder = \"a█\"", ["auto", "docker", "buildkit", "cluster"]),
        ("[environments.d]\ncontainer-builder = █", ["auto", "docker", "buildkit", "cluster"]),
        ("[environments.d]\nwait = t█", ["true", "false"]),
        ("[environments.d]\nsync = █", ["auto", "off"]),
        ("[environments.d.sync]\n█", ["mode", "exclude", "restart"]),
        ("[environments.d.sync]\nmode = █", ["auto", "off"]),
        ("[environments.d]\ncontext = █", ["kind-dev", "prod"]),
        ("[environments.d]\ncontext = [\"prod\", █]", ["kind-dev", "prod"]),
        ("[environments.d]\nnamespace = \"x\"\n[environments.e]\nnamespace = █", ["default", "x", "team-a"]),
        ("[environments.d]\noverride_ports = [█]", ["8080:8080"]),
        ("[environments.d]\nvalues = [\n  █\n]", ["chart", "docker", "values.dev.yaml", "values.yaml"]),
        ("[environments.d]\ndockerfile = \"docker/█\"", ["docker/prod.Dockerfile"]),
        ("[environments.d]\ndockerfile = \"../█\"", []),
        ("[environments.d]\nname = █", []),
        ("[environments.d]\n# wat█", []),
        ("[environments.d]\nwait = true # █", []),
        ("█", [*TABLES]),
    ],
)  # fmt: skip
def test_proposals(text: str, labels: list[str]) -> None:
    assert list(completed(text)) == labels


def test_keys_are_those_that_are_not_set_yet() -> None:
    found = completed('[environments.d]\nname = "x"\nwatch-delay = 3\n█\n')
    expected = [key.name for key in KEYS if key.kind is not Kind.IGNORED]
    assert list(found) == [name for name in expected if name not in {"name", "watch_delay"}]


@pytest.mark.parametrize(
    ("text", "label", "result"),
    [
        ("[environments.d]\n  nam█", "name", "[environments.d]\n  name = "),
        ('[environments.d]\n  na█me = "x"', "name", '[environments.d]\n  name = "x"'),
        ("[environments.d]\nbuilder = do█", "docker", '[environments.d]\nbuilder = "docker"'),
        ('[environments.d]\nbuilder = "█auto"  # c', "docker", '[environments.d]\nbuilder = "docker"  # c'),
        ("[environments.d]\nwait = █true", "false", "[environments.d]\nwait = false"),
        ("[env█]", "[environments.staging]", "[environments.staging]"),
        ("[env█", "[environments.staging]", "[environments.staging]"),
        (
            '[environments.d]\ncontext = ["prod", "k█"]',
            "kind-dev",
            '[environments.d]\ncontext = ["prod", "kind-dev"]',
        ),
    ],
)  # fmt: skip
def test_what_is_taken_is_put_in_the_right_place(text: str, label: str, result: str) -> None:
    assert completed(text)[label] == result


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[environ█ments]\n", "The environments of this app"),
        ("[environments.d█]\n", "deploys the release `app` into the namespace `default` of the current kube"),
        ("[environments.d]\nwat█ch = false", "In effect for `d`: `false`"),
        ("[environments.d]\nname = \"x\"█", "**name**"),
        ("[environments.d]\nwatch-del█ay = 4", "In effect for `d`: `4`"),
        ("[environments.d]\noverride_ports = [\"1:2\"]█", '`["1:2"]`'),
        ("[environments.d]\nsync = \"off\"█", '`"off"`'),
        ("[environments.d]\nwait = 3\n[environments.█d]", "has errors"),
    ],
)  # fmt: skip
def test_hover(text: str, said: str) -> None:
    plain, position = cursor(text)
    found = explain(plain, position, FILES)
    assert found is not None
    assert said in found.text


@pytest.mark.parametrize("text", ["█", "# a█", "[environments.d]\nunknown█ = 1", "[other█]\n", "a = █1"])
def test_nothing_to_say(text: str) -> None:
    plain, position = cursor(text)
    assert explain(plain, position, FILES) is None


def test_links_and_definition() -> None:
    text = (
        '[environments.d]\ndockerfile = "docker/prod.Dockerfile"\nchart = "chart"\n'
        'values = [\n  "values.yaml",\n  "no.yaml",\n]\n'
    )
    assert {link.path for link in links(text, FILES)} == {"docker/prod.Dockerfile", "chart", "values.yaml"}
    for link in links(text, FILES):
        line = text.split("\n")[link.span.start.line]
        assert line[link.span.start.character : link.span.end.character] == link.path
    assert target(text, Position(2, 10), FILES) == "chart/Chart.yaml"
    assert target(text, Position(0, 3), FILES) is None


def test_hints_are_the_defaults_that_decide_where_it_goes() -> None:
    (hint,) = hints('[environments.d]  # c\nname = "x"\n', FILES)
    assert hint.position == Position(0, 16)
    assert (
        hint.text
        == 'namespace = "default", dockerfile = "Dockerfile", chart = "chart", context: whichever is current'
    )


def test_outline_and_folds() -> None:
    text = new_config("development", name="x") + LATER
    found = outline(text)
    assert [symbol.name for symbol in found] == [
        "environments",
        "development",
        "environments.b.image_build_args",
    ]
    assert [child.name for child in found[2].children] == ["A", "B.C"]
    assert (6, 10) in list(folds(text))
    assert (7, 9) in list(folds(text))


def test_create_writes_what_formatting_leaves_alone() -> None:
    text = new_config("development", name="x", registry="r.io/x")
    assert formatted(text) == text


def test_formatting() -> None:
    text = (
        '\n\n# top\n[environments]\n[environments.d]\nname="x"   # why\n\n\n\n   # about wait\n'
        'wait   =   true\t\nvalues=[\n"a",\n  "b"]\n[environments.d.image_build_args]\nA=1\n\n'
    )
    assert formatted(text) == (
        '# top\n[environments]\n  [environments.d]\n    name = "x"   # why\n\n    # about wait\n'
        "    wait = true\n"
        '    values = [\n"a",\n  "b"]\n    [environments.d.image_build_args]\n      A = 1\n'
    )  # fmt: skip
    assert formatted("[environments.d\nname = 1") is None
    assert formatted("") == ""
    assert formatted("[a]\r\nb=1") == "[a]\r\n  b = 1\r\n"


@given(st.text(st.sampled_from("[].\"= \n'#ab1{},\r😀environments"), max_size=80))
@settings(max_examples=300)
def test_nothing_that_is_typed_breaks_anything(text: str) -> None:
    lines = text.split("\n")
    for statement in statements(text):
        assert statement.line <= statement.last < len(lines)
        for part in statement.parts:
            assert part.span.end.character <= len(lines[part.span.end.line])
    position = Position(len(lines) - 1, len(lines[-1]))
    complete(text, position, FILES, OFFERS)
    explain(text, position, FILES)
    outline(text)
    list(folds(text))
    list(hints(text, FILES))
    made = formatted(text)
    if made is not None:
        assert formatted(made) == made, "formatting twice is formatting once"
        before, after = parse(text, ROOT / "draft.toml"), parse(made, ROOT / "draft.toml")
        assert list(after.environments) == list(before.environments)


def test_rename() -> None:
    text = '[environments.a]\nname = "x"\n[environments.a.sync]\nmode = "off"\n[environments."b c"]\n'
    where = Position(2, 15)
    assert environment_at(text, where) is not None
    edits = rename_environment(text, where, "new one")
    assert [(span.start.line, name) for span, name in edits] == [(0, '"new one"'), (2, '"new one"')]
    assert len(rename_environment(text, Position(4, 16), "plain")) == 1
    for name, code in (("b c", "duplicate-name"), ("", "bad-name"), ("a\nb", "bad-name")):
        with pytest.raises(DraftError) as caught:
            rename_environment(text, where, name)
        assert caught.value.problem.code == code
    with pytest.raises(DraftError):
        rename_environment(text, Position(1, 0), "x")


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("[environments.d]\nwacth = true\n", "[environments.d]\nwatch = true\n"),
        ("[environments.d]\nxyzzy = [\n1]\nwait = true\n", "[environments.d]\nwait = true\n"),
        ('[environments.d]\nbuilder = "dokcer"\n', '[environments.d]\nbuilder = "docker"\n'),
        ("[environments.d]\nwait = yes\n", "[environments.d]\nwait = true\n"),
        ("[environments.d]\nname = app\n", '[environments.d]\nname = "app"\n'),
        ('[environments.d]\ncontainer-builder = "auto"\n', '[environments.d]\nbuilder = "auto"\n'),
        ('[enviroments.d]\nname = "x"\n', '[environments.d]\nname = "x"\n'),
        ('[environments.d]\nname = "My App"\n', '[environments.d]\nname = "my-app"\n'),
    ],
)
def test_a_fix_takes_the_problem_away(text: str, result: str) -> None:
    path = ROOT / "draft.toml"
    problem = parse(text, path).problems[0]
    (fix,) = fixes(problem, text)
    lines = text.splitlines(keepends=True)
    offset = [sum(map(len, lines[: at.line])) + at.character for at in (fix.span.start, fix.span.end)]
    made = text[: offset[0]] + fix.text + text[offset[1] :]
    assert made == result
    assert problem.code not in {each.code for each in parse(made, path).problems}


def problems(text: str) -> list[tuple[str, int]]:
    config = parse(text, ROOT / "draft.toml")
    assert not config.problems
    return [
        (each.code, each.place.span.start.line if each.place and each.place.span else -1)
        for each in config_problems(FILES, config)
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[environments.d]\n", []),
        (
            '[environments.d]\ndockerfile = "No"\nchart = "nope"\n',
            [("missing-dockerfile", 1), ("missing-chart", 2)],
        ),
        ('[environments.d]\nchart = "Dockerfile"\n', [("missing-chart", 1)]),
        ('[environments.d]\nvalues = ["values.yaml", "no.yaml"]\n', [("missing-values", 1)]),
        ('[environments.d]\nbuild_tar = "b.tar"\ndockerfile = "No"\n', [("missing-build-tar", 1)]),
        ('[environments.d]\nchart_tar = "c.tgz"\nchart = "No"\n', [("missing-chart-tar", 1)]),
        ("[environments.d]\n[environments.e]\n", [("same-release", 1)]),
        ('[environments.d]\n[environments.e]\nnamespace = "other"\n', []),
    ],
)
def test_problems_beyond_the_file_itself(text: str, found: list[tuple[str, int]]) -> None:
    assert problems(text) == found


def test_what_create_makes_has_no_problem() -> None:
    assert problems(new_config("development", name="x")) == []
