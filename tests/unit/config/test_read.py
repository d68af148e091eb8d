"""draft.toml: what is read, and what is said about what cannot be."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from draft_ls.config.model import AppConfig, Builder, SyncRules
from draft_ls.config.read import parse
from draft_ls.config.schema import BY_SPELLING
from draft_ls.errors import Problem, Severity, Span
from tests.unit.config.cases import BAD, GOOD, development

FILE = Path("/home/me/My App/draft.toml")


def read(*lines: str) -> AppConfig:
    return parse(development(*lines), FILE)


def shown(text: str, problem: Problem) -> str:
    """What the problem's span covers."""
    assert problem.place
    span = problem.place.span
    assert span
    if span.start.line != span.end.line:
        return text
    return text.split("\n")[span.start.line][span.start.character : span.end.character]


def test_the_file_that_create_writes_is_read_without_a_word():
    config = read('name = "example-python"', 'namespace = "default"', "watch = true", "watch_delay = 2")
    assert config.problems == ()
    environment = config.environments["development"]
    assert (environment.name, environment.namespace) == ("example-python", "default")
    assert (environment.watch, environment.watch_delay) == (True, 2.0)
    assert environment.table == Span.of(1, 2, 28)
    assert environment.spans["name"] == Span.of(2, 11, 27)


def test_every_default():
    environment = read("watch = true").environments["development"]
    assert environment.name == "my-app"
    assert environment.namespace == "default"
    assert environment.contexts == ()
    assert environment.registry is None
    assert environment.builder is Builder.AUTO
    assert (environment.dockerfile, environment.chart) == ("Dockerfile", "chart")
    assert (environment.wait, environment.timeout) == (True, 300.0)
    assert environment.sync == SyncRules()
    assert environment.auto_connect
    assert set(environment.spans) == {"watch"}


@pytest.mark.parametrize(("line", "attribute", "value"), GOOD, ids=[line for line, _, _ in GOOD])
def test_good_values(line: str, attribute: str, value: object):
    config = read(line)
    assert [problem for problem in config.problems if problem.severity != Severity.HINT] == []
    found = getattr(config.environments["development"], attribute)
    assert (dict(found) if attribute == "image_build_args" else found) == value


@pytest.mark.parametrize(("line", "code", "span", "fix"), BAD, ids=[line[:60] for line, _, _, _ in BAD])
def test_bad_values(line: str, code: str, span: str, fix: str):
    text = development("# für später: ü", line)
    config = parse(text, FILE)
    errors = [problem for problem in config.problems if problem.severity == Severity.ERROR]
    assert [(problem.code, shown(text, problem)) for problem in errors] == [(f"config-{code}", span)]
    assert fix in errors[0].fix
    assert errors[0].message.endswith(".")
    assert config.environments == {}


def test_columns_count_code_points_not_bytes_or_utf16_units():
    text = development('set = ["é𝄞=1", "x"]')
    problem = parse(text, FILE).problems[0]
    assert shown(text, problem) == '"x"'


def test_both_spellings_of_a_key_at_once():
    text = development("watch-delay = 1", "watch_delay = 2")
    config = parse(text, FILE)
    (problem,) = config.problems
    assert problem.code == "config-duplicate-key"
    assert shown(text, problem) == "watch_delay"
    assert problem.related[0][0].span == Span.of(2, 4, 15)
    assert config.environments == {}


def test_an_old_name_beside_the_new_one():
    problems = read('builder = "docker"', 'container-builder = "docker"').problems
    assert [problem.code for problem in problems] == ["config-duplicate-key"]


@pytest.mark.parametrize(
    ("line", "code"),
    [('container-builder = "docker"', "config-old-key"), ('resource-group-name = "g"', "config-ignored-key")],
)
def test_what_draft_0_16_wrote_is_accepted_with_a_hint(line: str, code: str):
    config = read(line)
    assert [(problem.code, problem.severity) for problem in config.problems] == [(code, Severity.HINT)]
    assert config.environments["development"]


def test_a_name_that_starts_with_a_digit_is_a_warning():
    config = read('name = "2048"')
    assert [problem.severity for problem in config.problems] == [Severity.WARNING]
    assert config.environments["development"].name == "2048"


@pytest.mark.parametrize("kebab", [spelling for spelling in BY_SPELLING if "-" in spelling])
def test_every_kebab_spelling_means_the_snake_one(kebab: str):
    assert BY_SPELLING[kebab] is BY_SPELLING[kebab.replace("-", "_")]


def test_one_bad_environment_leaves_the_others():
    text = '[environments.a]\nname = "A"\n[environments.b]\nname = "b"\n[environments.c]\ntimeout = tru\n'
    config = parse(text, FILE)
    assert list(config.environments) == ["b"]
    assert [problem.code for problem in config.problems] == ["config-bad-value", "config-toml-syntax"]


def test_environments_keep_the_order_of_the_file():
    text = "[environments.z]\nwatch = true\n[environments.a]\nwatch = true\n[environments]\nm.watch = false\n"
    assert list(parse(text, FILE).environments) == ["z", "a", "m"]


@pytest.mark.parametrize(
    "text",
    [
        'environments.dev.name = "x"\n',
        'environments = { dev = { name = "x" } }\n',
        '[environments]\ndev = { name = "x" }\n',
        '[environments.dev]\nname = "x"\n',
        "['environments'.\"dev\"]\r\nname = 'x'\r\n",
        '\ufeff[environments.dev]\nname = "x"',
    ],
)
def test_every_way_in_which_toml_writes_a_table(text: str):
    config = parse(text, FILE)
    assert config.problems == ()
    assert config.environments["dev"].name == "x"


# text, code, line:column from 1, what the span covers
FILES = [
    ("", "no-environment", None, None),
    ("# nothing\n", "no-environment", None, None),
    ("[environments]\n", "no-environment", "1:1", "[environments]"),
    ("environments = 3\n", "wrong-type", "1:16", "3"),
    ("[environments]\ndevelopment = 3\n", "wrong-type", "2:1", "development"),
    ('[environments]\nname = "x"\n', "wrong-type", "2:1", "name"),
    ("[enviroments.dev]\nwatch = true\n", "unknown-key", "1:2", "enviroments"),
    ("[environments.d]\n\n[environments.d]\n", "duplicate-table", "3:1", "[environments.d]"),
    ("[environments.dev]\nwatch = true\n  watch = true\n", "duplicate-key", "3:3", "watch"),
    ('[environments.dev]\nname = "x\nwatch = true\n', "toml-syntax", "2:8", '"x'),
    ("[environments.dev]\nname = app\n", "toml-syntax", "2:8", "app"),
    ("[environments.dev]\nwatch = True\n", "toml-syntax", "2:9", "True"),
    ("[environments.dev]\nname =\n", "toml-syntax", "2:1", "name ="),
    ("[environments.dev]\nname = # why\n", "toml-syntax", "2:8", "# why"),
    ('[environments.dev]\nset = ["a=b",\n"c=d"\nwatch = true\n', "toml-syntax", "2:7", '["a=b",'),
    ('[environments.dev]\nset = ["a=b"\n', "toml-syntax", "2:7", '["a=b"'),
    ('[environments.dev\nname = "x"\n', "toml-syntax", "1:1", "[environments.dev"),
    ('[environments.dev]\nname "x"\n', "toml-syntax", "2:6", '"x"'),
    ('[environments.dev]\nname = "x" watch = true\n', "toml-syntax", "2:12", "watch = true"),
    ('[environments.dev]\nchart = "a\\q"\n', "toml-syntax", None, None),
    ('[environments.dev]\nsync = {\nmode = "off" }\n', "toml-syntax", "2:8", "{"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "place", "span"), FILES, ids=[repr(each[0])[:60] for each in FILES])
def test_broken_files(text: str, code: str, place: str | None, span: str | None):
    config = parse(text, FILE)
    first = config.problems[0]
    assert first.code == f"config-{code}"
    assert first.fix
    assert config.environments == {}
    if place:
        assert str(first.place) == f"{FILE}:{place}"
    if span is not None:
        assert shown(text, first) == span


def test_a_key_above_all_environments_is_pointed_out_and_touches_none():
    config = parse('name = "x"\n[environments.dev]\nwatch = true\n', FILE)
    assert [(problem.code, str(problem.place)) for problem in config.problems] == [
        ("config-unknown-key", f"{FILE}:1:1")
    ]
    assert list(config.environments) == ["dev"]


def test_each_of_several_syntax_errors_is_found():
    text = (
        "[environments.a]\nname = x\nwatch = yes\n[environments.b]\nname = \n[environments.c]\nwatch = true\n"
    )
    config = parse(text, FILE)
    assert [str(problem.place).split(":", 1)[1] for problem in config.problems] == ["2:8", "3:9", "5:1"]
    assert list(config.environments) == ["c"]


def test_a_broken_header_does_not_give_its_keys_to_the_environment_above():
    text = '[environments.a]\nname = "a"\n[environments.b\nname = "b"\n[environments.c]\nname = "c"\n'
    config = parse(text, FILE)
    assert [problem.code for problem in config.problems] == ["config-toml-syntax"]
    # It might have been a table of the environment above, so that one is not trusted either.
    assert list(config.environments) == ["c"]


def test_a_text_that_no_parser_can_judge_is_one_problem():
    config = parse(f"[environments.a]\nset = {'[' * 5000}\n", FILE)
    assert [problem.code for problem in config.problems] == ["config-toml-syntax"]
    assert config.environments == {}


def test_a_flood_of_errors_is_cut_short():
    config = parse("name = x\n" * 500, FILE)
    assert len(config.problems) <= 22
    assert config.environments == {}


def assert_inside(text: str, config: AppConfig) -> None:
    lines = text.split("\n")
    spans = [problem.place.span for problem in config.problems if problem.place]
    spans += [span for each in config.environments.values() for span in (*each.spans.values(), each.table)]
    for span in filter(None, spans):
        assert span.start <= span.end
        for position in (span.start, span.end):
            assert 0 <= position.line < len(lines)
            assert 0 <= position.character <= len(lines[position.line])


WORDS = [
    "environments",
    "dev",
    "name",
    "watch-delay",
    "sync",
    "[",
    "]",
    "[[",
    ".",
    "=",
    "{",
    "}",
    ",",
    "#",
    "1",
    "-",
    "true",
    "inf",
    "1979-05-27",
    "é",
    "𝄞",
]
SIGNS = ['"', "'", '"""', '"x"', "\n", "\r\n", " ", "\t", "\\", "\0", "\ud800", "\ufeff"]
FRAGMENTS = st.sampled_from([*WORDS, *SIGNS])


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(), st.lists(FRAGMENTS, max_size=40).map("".join)))
def test_no_text_raises_and_every_span_lies_inside(text: str):
    config = parse(text, FILE)
    assert config.path == FILE
    assert config.environments or config.problems
    assert_inside(text, config)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_every_prefix_and_every_damaged_copy_of_a_good_file_is_read(data: st.DataObject):
    good = (
        development(*(line for line, _, _ in GOOD[:1] + GOOD[14:18] + GOOD[19:21]))
        + "[environments.x]\nwatch=true\n"
    )
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, len(good)))
    text = good[:start] + data.draw(st.text(max_size=5)) + good[end:]
    assert_inside(text, parse(text, FILE))


def test_reading_is_fast_enough_to_do_on_each_key():
    import time

    text = "".join(
        f'[environments.e{number}]\nname = "a"\nset = ["a=b"]\nwatch_delay = 2\n' for number in range(20)
    )

    def once() -> float:
        started = time.perf_counter()
        parse(text, FILE)
        return time.perf_counter() - started

    # The fastest of some: the others tell how busy the machine is.
    assert min(once() for _ in range(20)) < 0.05
