from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draft_ls.dockerfile.parse import parse
from draft_ls.dockerfile.steps import find_step

DOCKERFILE = parse(
    """\
ARG VERSION=3
FROM python:$VERSION AS builder
WORKDIR /src
ENV A=1
COPY requirements.txt .
RUN pip install \\
    -r requirements.txt
FROM builder AS test
RUN pytest
FROM scratch
COPY --from=builder /src /app
RUN pytest --last
"""
)


@pytest.mark.parametrize(
    ("printed", "line"),
    [
        ("Step 1/10 : ARG VERSION=3", 1),
        ("Step 6/10 : RUN pip install     -r requirements.txt", 6),
        ("#5 [builder 1/4] FROM docker.io/library/python:3", 2),
        ("#9 [builder 4/4] RUN pip install     -r requirements.txt", 6),
        ("#9 [linux/amd64 builder 3/4] COPY requirements.txt .", 5),
        ("#9 [test 1/1] RUN pytest", 9),
        ("#9 [stage-2 1/2] COPY --from=builder /src /app", 11),
        ("#10 ERROR: [stage-2 2/2] RUN pytest --last", 12),
        (" > [stage-2 2/2] RUN pytest --last:", 12),
        ("#9 [builder 9/9] RUN pytest", 9),
        ("Dockerfile:7", 6),
        ("failed to parse /tmp/app/Dockerfile:5: x", 5),
        ("dev.Dockerfile:9", 9),
    ],
)
def test_find_step(printed: str, line: int) -> None:
    instruction = find_step(DOCKERFILE, printed)
    assert instruction is not None
    assert instruction.line == line


@pytest.mark.parametrize(
    "printed",
    ["#1 [internal] load build definition from Dockerfile", "Collecting flask", "[1/4] Resolving", ""],
)
def test_other_lines(printed: str) -> None:
    assert find_step(DOCKERFILE, printed) is None


def test_single_unnamed_stage() -> None:
    dockerfile = parse("FROM a\nRUN b\nRUN c")
    found = find_step(dockerfile, "#6 [3/3] RUN c")
    assert found is not None
    assert found.line == 3


@given(st.text())
def test_never_raises(printed: str) -> None:
    find_step(DOCKERFILE, f"[{printed} 1/2] RUN {printed}")
    find_step(DOCKERFILE, printed)
