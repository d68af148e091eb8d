"""Failures of builds in the words of builders that cannot run where this is tested: those of Docker 23 to 28.

What the Engine at hand says is tested against itself, in the cluster tests.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from draft_ls.build.failed_step import Failure
from draft_ls.build.failures import build_problem
from draft_ls.build.progress import ProgressReader
from draft_ls.dockerfile.parse import parse
from draft_ls.errors import Problem, Stage

DOCKERFILE = """\
# syntax=docker/dockerfile:1
ARG VERSION=20
FROM node:${VERSION}-slim AS build
WORKDIR /src
COPY package.json .
RUN <<EOF
echo hello
npm run boom
EOF
FROM gone/base:1 AS other
FROM nginx:1
COPY --from=build /src/dist \\
     /usr/share/nginx/html
ADD config.json /
"""

HEREDOC = """\
#0 building with "default" instance using docker driver

#1 [internal] load build definition from Dockerfile
#1 transferring dockerfile: 156B done
#1 DONE 0.0s

#7 [build 1/4] FROM docker.io/library/node:20-slim
#7 CACHED

#9 [build 4/4] RUN <<EOF (echo hello...)
#9 0.301 hello
#9 0.411 /bin/sh: 2: npm: not found
#9 ERROR: process "/bin/sh -c echo hello\\nnpm run boom\\n" did not complete successfully: exit code: 127
------
 > [build 4/4] RUN <<EOF (echo hello...):
0.301 hello
0.411 /bin/sh: 2: npm: not found
------
Dockerfile:6
--------------------
   5 |     COPY package.json .
   6 | >>> RUN <<EOF
   7 | >>> echo hello
   8 | >>> npm run boom
   9 | >>> EOF
  10 |     FROM gone/base:1 AS other
--------------------
ERROR: failed to build: failed to solve: process "/bin/sh" did not complete successfully: exit code: 127
"""

SYNTAX = """\
#1 [internal] load build definition from Dockerfile
#1 DONE 0.0s
Dockerfile:14
--------------------
  14 | >>> ADD config.json /
--------------------
ERROR: failed to build: failed to solve: dockerfile parse error on line 14: unknown instruction: AD
"""

MISSING = """\
#8 [stage-2 3/3] ADD config.json /
#8 ERROR: failed to calculate checksum of ref 6hz::9k: "/config.json": not found
------
 > [stage-2 3/3] ADD config.json /:
------
ERROR: failed to solve: failed to compute cache key: failed to calculate checksum of ref 6hz::9k: "/config.json": not found
"""  # noqa: E501

MISSING_FROM = """\
#8 [stage-2 2/3] COPY --from=build /src/dist      /usr/share/nginx/html
#8 ERROR: failed to calculate checksum of ref 6hz::9k: "/src/dist": not found
ERROR: failed to solve: failed to calculate checksum of ref 6hz::9k: "/src/dist": not found
"""

DENIED = """\
#3 [internal] load metadata for docker.io/gone/base:1
#3 ERROR: pull access denied, repository does not exist or may require authorization
------
 > [internal] load metadata for docker.io/gone/base:1:
------
Dockerfile:10
--------------------
  10 | >>> FROM gone/base:1 AS other
--------------------
ERROR: failed to solve: gone/base:1: pull access denied, repository does not exist
"""

NO_TAG = """\
#3 [internal] load metadata for docker.io/library/nginx:1
#3 ERROR: docker.io/library/nginx:1: not found
ERROR: failed to solve: nginx:1: docker.io/library/nginx:1: not found
"""

KILLED = """\
#9 [build 4/4] RUN <<EOF (echo hello...)
#9 12.3 Killed
#9 ERROR: process "/bin/sh -c echo" did not complete successfully: exit code: 137
ERROR: failed to solve: process "/bin/sh -c echo" did not complete successfully: exit code: 137
"""

UNREACHABLE = "ERROR: Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?\n"
NO_BUILDKIT = "ERROR: failed to dial gRPC: unable to upgrade to h2c, received 404\n"


def problem_of(output: str, dockerfile: str = DOCKERFILE) -> Problem:
    parsed = parse(dockerfile)
    reader = ProgressReader(parsed)
    lines = output.splitlines()
    for line in lines:
        reader.read(line)
    failure = Failure(lines[-1], reader.label(), reader.output(), tuple(lines))
    return build_problem(failure, parsed, Path("/app/Dockerfile"), Path("/app"))


@pytest.mark.parametrize(
    ("output", "code", "first", "last"),
    [
        (HEREDOC, "build-step-failed", 6, 9),
        (SYNTAX, "dockerfile-syntax", 14, 14),
        (MISSING, "copy-source-missing", 14, 14),
        (MISSING_FROM, "copy-source-missing", 12, 13),
        (DENIED, "base-image-denied", 10, 10),
        (NO_TAG, "base-image-missing", 11, 11),
        (KILLED, "build-step-failed", 6, 9),
    ],
    ids=["heredoc", "syntax", "missing", "missing from", "denied", "no tag", "killed"],
)
def test_at_the_line(output: str, code: str, first: int, last: int) -> None:
    problem = problem_of(output)
    assert (problem.code, problem.stage) == (code, Stage.BUILD)
    assert problem.place is not None
    assert problem.place.span is not None
    assert (problem.place.span.start.line + 1, problem.place.span.end.line + 1) == (first, last)
    assert problem.cause
    assert problem.fix


def test_what_it_says() -> None:
    problem = problem_of(HEREDOC)
    assert problem.cause == "/bin/sh: 2: npm: not found"
    assert "`npm`" in problem.fix
    assert problem.details[-2:] == ("hello", "/bin/sh: 2: npm: not found")
    assert "exit code 127" in problem.message
    assert "memory" in problem_of(KILLED).fix
    assert "dist" in problem_of(MISSING_FROM).message
    assert "“build”" in problem_of(MISSING_FROM).message
    assert "gone/base:1" in problem_of(DENIED).message


def test_docker_itself() -> None:
    assert problem_of(UNREACHABLE).code == "docker-unreachable"
    assert problem_of(NO_BUILDKIT).code == "buildkit-refused"


def test_words_that_nobody_knows() -> None:
    problem = problem_of("ERROR: failed to solve: a new thing\n")
    assert (problem.code, problem.cause) == ("build-failed", "a new thing")
    assert problem.place is not None
    assert problem.place.span is None
    assert problem_of("\n").cause


def test_steps_of_a_build() -> None:
    reader = ProgressReader(parse(DOCKERFILE))
    steps = [step for line in HEREDOC.splitlines() if (step := reader.read(line))]
    assert [(step.index, step.total, step.line, step.cached) for step in steps] == [
        (1, 4, 3, None),
        (1, 4, 3, True),
        (4, 4, 6, None),
    ]
