from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draft_ls.dockerfile.parse import parse
from draft_ls.errors import Severity, Span

if TYPE_CHECKING:
    from draft_ls.dockerfile.model import Dockerfile, Instruction


def cut(text: str, span: Span) -> str:
    """What a span covers."""
    lines = text.split("\n")
    if span.start.line == span.end.line:
        return lines[span.start.line][span.start.character : span.end.character]
    first = lines[span.start.line][span.start.character :]
    last = lines[span.end.line][: span.end.character]
    return "\n".join([first, *lines[span.start.line + 1 : span.end.line], last])


def only(text: str) -> Instruction:
    (instruction,) = parse("FROM scratch\n" + text).instructions[1:]
    return instruction


def words(instruction: Instruction) -> list[str]:
    return [word.text for word in instruction.arguments]


def codes(text: str) -> list[str]:
    return [problem.code for problem in parse(text).problems]


MULTI = """\
# syntax=docker/dockerfile:1
ARG VERSION=3.11
FROM --platform=$BUILDPLATFORM python:${VERSION}-slim AS Builder
WORKDIR /src
COPY requirements.txt .
RUN --mount=type=cache,target=/root/.cache \\
    # the lock first
    pip install \\

    -r requirements.txt
FROM builder AS test
FROM scratch
COPY --from=builder --chown=1:1 /src/a /src/b /app/
CMD ["python", "a b.py"]
"""


def test_stages() -> None:
    dockerfile = parse(MULTI)
    assert [(s.name, s.base, s.base_stage) for s in dockerfile.stages] == [
        ("builder", "python:3.11-slim", None),
        ("test", "builder", 0),
        (None, "scratch", None),
    ]
    assert dockerfile.final is dockerfile.stages[2]
    assert dockerfile.stages[0].platform == "$BUILDPLATFORM"
    assert [each.keyword for each in dockerfile.preamble] == ["ARG"]
    assert [(d.name, d.value) for d in dockerfile.directives] == [("syntax", "docker/dockerfile:1")]
    assert dockerfile.problems == ()
    assert [each.number for each in dockerfile.instructions] == list(range(1, 10))
    assert [each.stage for each in dockerfile.instructions] == [None, 0, 0, 0, 0, 1, 2, 2, 2]


def test_continuation_with_comment_and_blank_line() -> None:
    run = parse(MULTI).stages[0].instructions[3]
    assert words(run) == ["pip", "install", "-r", "requirements.txt"]
    assert run.text == "pip install     -r requirements.txt"
    assert run.flag("mount") == "type=cache,target=/root/.cache"
    assert (run.span.start.line, run.span.end.line) == (5, 9)
    assert [cut(MULTI, word.span) for word in run.arguments] == words(run)
    assert cut(MULTI, run.flags[0].span) == "--mount=type=cache,target=/root/.cache"


def test_exec_form_spans_cover_the_quoted_strings() -> None:
    command = parse(MULTI).instructions[-1]
    assert command.is_exec
    assert words(command) == ["python", "a b.py"]
    assert [cut(MULTI, word.span) for word in command.arguments] == ['"python"', '"a b.py"']


@pytest.mark.parametrize(
    ("text", "expected", "is_exec"),
    [
        ('CMD ["a", "b"]', ["a", "b"], True),
        ("CMD ['a', 'b']", ["['a',", "'b']"], False),
        ("CMD a 'b c' d", ["a", "'b c'", "d"], False),
        ('CMD [ "a" ]  ', ["a"], True),
        ("CMD []", [], True),
        ("CMD", [], False),
        ('CMD ["a\\"b", "\\u00e9"]', ['a"b', "é"], True),
        ("cmd echo [a]", ["echo", "[a]"], False),
        ('CMD ["a", 1]', ['["a",', "1]"], False),
        ('HEALTHCHECK --interval=5s CMD ["curl", "x"]', ["curl", "x"], True),
        ("HEALTHCHECK NONE", ["NONE"], False),
        ('COPY ["a b", "/c"]', ["a b", "/c"], True),
        ('COPY a "b c" /d', ["a", '"b', 'c"', "/d"], False),
        ('SHELL ["bash", "-c"]', ["bash", "-c"], True),
        ("  RUN\techo hi", ["echo", "hi"], False),
        ("RUN echo \\\\", ["echo", "\\\\"], False),
    ],
)
def test_arguments(text: str, expected: list[str], is_exec: bool) -> None:
    instruction = only(text)
    assert words(instruction) == expected
    assert instruction.is_exec is is_exec


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("ENV A=1 B='x y' C=\"z $A\"", [("A", "1"), ("B", "'x y'"), ("C", '"z $A"')]),
        ("ENV A the whole  rest", [("A", "the whole  rest")]),
        ("ARG A", [("A", None)]),
        ("ARG A B=2", [("A", None), ("B", "2")]),
        ("ARG A=", [("A", "")]),
        ('LABEL "a b"=c', [("a b", "c")]),
        ("RUN A=1", []),
    ],
)
def test_pairs(text: str, pairs: list[tuple[str, str | None]]) -> None:
    assert [(pair.name, pair.value) for pair in only(text).pairs] == pairs


def test_heredocs() -> None:
    text = (
        "FROM scratch\n"
        "RUN <<EOF cat <<-'TWO' > /x\n"
        "echo $A\n"
        "EOF\n"
        "\tindented\n"
        "\tTWO\n"
        "COPY <<a.txt /a.txt\n"
        "FROM here is text\n"
        "a.txt\n"
        "USER 1\n"
    )
    dockerfile = parse(text)
    run, copy, user = dockerfile.instructions[1:]
    assert [(h.name, h.content, h.expand) for h in run.heredocs] == [
        ("EOF", "echo $A\n", True),
        ("TWO", "indented\n", False),
    ]
    assert cut(text, run.heredocs[0].span) == "echo $A\nEOF"
    assert [h.content for h in copy.heredocs] == ["FROM here is text\n"]
    assert user.keyword == "USER"
    assert len(dockerfile.stages) == 1
    assert dockerfile.problems == ()


def test_a_shift_in_the_shell_is_no_heredoc() -> None:
    assert parse("FROM a\nRUN echo $((1<<2)) \nUSER x").instructions[-1].keyword == "USER"


def test_unterminated_heredoc() -> None:
    text = "FROM a\nRUN <<EOF\nx\n"
    problem = parse(text).problems[0]
    assert problem.code == "dockerfile-unterminated-heredoc"
    assert problem.place is not None
    assert problem.place.span == Span.of(1, 0, 3)


def test_escape_directive() -> None:
    dockerfile = parse("# escape=`\nFROM a\nRUN dir C:\\ `\n  && x\nCOPY a C:\\\nUSER b\n")
    assert dockerfile.escape == "`"
    assert [each.keyword for each in dockerfile.instructions] == ["FROM", "RUN", "COPY", "USER"]
    assert dockerfile.instructions[1].text == "dir C:\\   && x"


def test_a_directive_after_a_comment_is_a_comment() -> None:
    assert parse("# hello\n# escape=`\nFROM a").escape == "\\"


def test_crlf_and_byte_order_mark() -> None:
    dockerfile = parse("\ufeffFROM a\r\nRUN b \\\r\n  c\r\n")
    assert [each.text for each in dockerfile.instructions] == ["a", "b   c"]


def test_onbuild_holds_an_instruction() -> None:
    text = "FROM a\nONBUILD COPY --chown=1 . /src\n"
    trigger = parse(text).instructions[1].trigger
    assert trigger is not None
    assert (trigger.keyword, words(trigger), trigger.flag("chown")) == ("COPY", [".", "/src"], "1")
    assert cut(text, trigger.keyword_span) == "COPY"


def test_instruction_at_covers_continuation_and_heredoc() -> None:
    dockerfile = parse(MULTI)
    run = dockerfile.stages[0].instructions[3]
    assert all(dockerfile.instruction_at(line) is run for line in range(5, 10))
    assert dockerfile.instruction_at(0) is None
    assert dockerfile.instruction_at(99) is None


def test_stage_named() -> None:
    dockerfile = parse(MULTI)
    assert dockerfile.stage_named("BUILDER") is dockerfile.stages[0]
    assert dockerfile.stage_named("1") is dockerfile.stages[1]
    assert dockerfile.stage_named("1", before=1) is None
    assert dockerfile.stage_named("9" * 40) is None


@pytest.mark.parametrize(
    ("text", "code", "covered"),
    [
        ("FROM a\nRUM x", "dockerfile-unknown-instruction", "RUM"),
        ("FROM a\nWORKDIR", "dockerfile-missing-arguments", "WORKDIR"),
        ("FROM a\nCOPY x", "dockerfile-missing-arguments", "x"),
        ("FROM a\nENV A", "dockerfile-bad-arguments", "A"),
        ("FROM", "dockerfile-missing-arguments", "FROM"),
        ("FROM a b", "dockerfile-bad-arguments", "a b"),
        ("FROM a IS b", "dockerfile-bad-arguments", "a IS b"),
        ("RUN x", "dockerfile-no-from", "RUN"),
        ("RUN x\nFROM a", "dockerfile-before-from", "RUN"),
        ("FROM a AS x\nFROM b AS X", "dockerfile-duplicate-stage", "X"),
        ("FROM a AS 1x", "dockerfile-bad-stage-name", "1x"),
        ("FROM a AS builder\nFROM b\nCOPY --from=buidler a b", "dockerfile-unknown-stage", "--from=buidler"),
        ("FROM a\nCOPY --from=nginx a b", "dockerfile-unknown-stage", "--from=nginx"),
        ("FROM a\nCOPY --from=0 a b", "dockerfile-unknown-stage", "--from=0"),
        ("FROM a\nCOPY --chwon=1 a b", "dockerfile-unknown-flag", "--chwon=1"),
        ("FROM a\nCMD ['a', 'b']", "dockerfile-bad-array", "['a', 'b']"),
        ("FROM a\nCMD [ 'a' ]", "dockerfile-bad-array", "[ 'a' ]"),
        ("FROM a\nENTRYPOINT [python, app.py]", "dockerfile-bad-array", "[python, app.py]"),
        ("FROM a\nHEALTHCHECK CMD ['a']", "dockerfile-bad-array", "CMD ['a']"),
        ("FROM a\nSHELL bash", "dockerfile-bad-array", "bash"),
        ("FROM a\nONBUILD FROM b", "dockerfile-bad-onbuild", "FROM"),
        ("FROM a\nONBUILD ONBUILD RUN x", "dockerfile-bad-arguments", "ONBUILD RUN x"),
        ("FROM a\nMAINTAINER me", "dockerfile-maintainer", "MAINTAINER"),
        ("# escape=x\nFROM a", "dockerfile-bad-escape", "# escape=x"),
    ],
)
def test_problems(text: str, code: str, covered: str) -> None:
    (problem,) = parse(text).problems
    assert problem.code == code
    assert problem.place is not None
    assert problem.place.span is not None
    assert cut(text, problem.place.span) == covered


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\nRUN [ -f x ] && y",
        'FROM a\nRUN [ "$A" = b ]',
        "FROM a\nRUN [[ -f x ]] && y",
        "FROM a\nCMD [ -f x ] && y",
        "FROM a\nCOPY [a-z]*.txt /x",
        "FROM a\nENTRYPOINT []\nCMD []",
        "FROM a\nCOPY --from=docker.io/library/nginx:1 a b",
        "ARG X=1\nFROM a:$X\nCOPY --from=$X a b",
        "FROM a\nRUN <<EOF\nEOF",
    ],
)
def test_no_problem(text: str) -> None:
    assert codes(text) == []


def test_an_unknown_from_is_only_a_hint_unless_it_looks_misspelt() -> None:
    assert parse("FROM a\nCOPY --from=nginx a b").problems[0].severity is Severity.HINT
    misspelt = parse("FROM a AS builder\nFROM b\nCOPY --from=buidler a b").problems[0]
    assert misspelt.severity is Severity.WARNING
    assert misspelt.fix == "Did you mean builder?"


def test_empty() -> None:
    dockerfile = parse("")
    assert dockerfile.final is None
    assert [problem.code for problem in dockerfile.problems] == ["dockerfile-no-from"]


def all_spans(dockerfile: Dockerfile) -> list[Span]:
    spans = [d.span for d in dockerfile.directives]
    for each in dockerfile.instructions:
        spans += [each.span, each.keyword_span]
        for part in (each.arguments, each.flags, each.pairs, each.heredocs):
            spans += [item.span for item in part]
    spans += [p.place.span for p in dockerfile.problems if p.place and p.place.span]
    return spans


LINE = st.sampled_from(
    [
        "FROM a AS b",
        "FROM",
        "RUN <<EOF",
        "EOF",
        "\\",
        "# x",
        "# escape=`",
        "CMD ['a']",
        'CMD ["a',
        "ENV A=${B:-",
        "`",
        "COPY --from=b",
        "ONBUILD",
        "ONBUILD ONBUILD",
        "  \\  ",
        "\t-- --",
        "LABEL '",
        "ARG =",
        "HEALTHCHECK CMD [",
        "é 𝄞 \u2028 x",
    ]
)
TEXT = st.one_of(
    st.text(),
    st.lists(st.one_of(LINE, st.text(max_size=9)), max_size=9).map("\n".join),
    st.lists(LINE).map(" ".join),
)


@given(TEXT)
def test_never_raises_and_spans_stay_inside(text: str) -> None:
    lines = text.removeprefix("\ufeff").split("\n")
    for span in all_spans(parse(text)):
        assert span.start <= span.end
        for position in (span.start, span.end):
            assert 0 <= position.line < len(lines)
            assert 0 <= position.character <= len(lines[position.line])
