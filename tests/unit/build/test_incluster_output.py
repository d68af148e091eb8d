"""What Buildah 1.28 and BuildKit's buildctl 0.13 print, as recorded, as steps and problems."""

from __future__ import annotations

from pathlib import Path

import pytest

from draft_ls.build.failed_step import Failure
from draft_ls.build.failures import build_problem
from draft_ls.build.incluster.troubles import other_version, push_failed
from draft_ls.build.progress import ProgressReader
from draft_ls.build.running import verdict
from draft_ls.dockerfile.parse import parse

PATH = Path("/app/Dockerfile")


def problem_of(dockerfile: str, printed: str):
    parsed = parse(dockerfile, PATH)
    reader = ProgressReader(parsed)
    lines = printed.strip("\n").split("\n")
    for line in lines:
        reader.read(line)
    failure = Failure(verdict(lines, (), reader.reason), reader.label(), reader.output(), tuple(lines))
    return build_problem(failure, parsed, PATH, PATH.parent)


CASES = {
    "a step fails": (
        "FROM debian:bookworm-slim\nRUN true\nRUN no-such\n",
        ('STEP 1/3: FROM debian:bookworm-slim\nSTEP 2/3: RUN true\n--> abc\nSTEP 3/3: RUN no-such\n'
        "/bin/sh: 1: no-such: not found\nsubprocess exited with status 127\nsubprocess exited with status 127\n"
        'Error: building at STEP "RUN no-such": exit status 127'),
        ("build-step-failed", 2, "/bin/sh: 1: no-such: not found", "Install `no-such` in the image first"),
    ),
    "newer words": (
        "FROM debian\nRUN exit 3\n",
        ('STEP 1/2: FROM debian\nSTEP 2/2: RUN exit 3\n'
        'Error: building at STEP "RUN exit 3": while running runtime: exit status 3'),
        ("build-step-failed", 1, "exit status 3", "See the step's last lines in the log."),
    ),
    "no such file": (
        "FROM debian:bookworm-slim\nCOPY nothere /x\n",
        ('STEP 1/2: FROM debian:bookworm-slim\nSTEP 2/2: COPY nothere /x\n'
        'Error: building at STEP "COPY nothere /x": checking on sources under "/x": '
        'copier: stat: "/nothere": no such file or directory'),
        ("copy-source-missing", 1, "copier: stat", "Create it"),
    ),
    "nothing of that name in a stage": (
        "FROM debian AS a\nRUN true\nFROM debian\nCOPY --from=a /nofile /x\n",
        ("[1/2] STEP 1/2: FROM debian AS a\n[1/2] STEP 2/2: RUN true\n--> a6b667e0596\n"
        "[2/2] STEP 1/2: FROM debian\n[2/2] STEP 2/2: COPY --from=a /nofile /x\n"
        'Error: building at STEP "COPY --from=a /nofile /x": checking on sources under "/merged": '
        'copier: stat: "/nofile": no such file or directory'),
        ("copy-source-missing", 3, "nofile", "Correct the path"),
    ),
    "no such base image": (
        "FROM nosuch:1\n",
        ("STEP 1/1: FROM nosuch:1\nTrying to pull docker.io/library/nosuch:1...\n"
        "Error: creating build container: initializing source docker://nosuch:1: reading manifest 1 in "
        "docker.io/library/nosuch: manifest unknown: manifest unknown"),
        ("base-image-missing", 0, "manifest unknown", "Check the image's name"),
    ),
    "no such image to copy from": (
        "FROM debian\nCOPY --from=nosuch:2 /a /b\n",
        ("STEP 1/2: FROM debian\nSTEP 2/2: COPY --from=nosuch:2 /a /b\n"
        "Error: COPY --from=nosuch:2: no stage or image found with that name"),
        ("base-image-missing", 1, "no stage or image", "Check the image's name"),
    ),
    "no such instruction": (
        "FROM debian\nRUNN x\n",
        ('STEP 1/2: FROM debian\nSTEP 2/2: RUNN x\n'
        'Error: building at STEP "RUNN ": Build error: Unknown instruction: "RUNN" &imagebuilder.Step{}'),
        ("dockerfile-syntax", 1, 'Unknown instruction: "RUNN"', "Correct the instruction's name"),
    ),
    "no FROM": ("RUN x\n", "Error: no FROM statement found", ("dockerfile-syntax", 0, "no FROM", "Let the first")),
    "a registry that does not answer": (
        "FROM 10.0.0.9:9/x\n",
        ("STEP 1/1: FROM 10.0.0.9:9/x\nTrying to pull 10.0.0.9:9/x:latest...\n"
        "Error: creating build container: initializing source docker://10.0.0.9:9/x:latest: pinging container "
        'registry 10.0.0.9:9: Get "https://10.0.0.9:9/v2/": dial tcp 10.0.0.9:9: connect: connection refused'),
        ("base-image-unreachable", 0, "connection refused", "Check the network"),
    ),
    "buildctl: no frontend": (
        "# syntax=docker/dockerfile:1\nFROM debian\n",
        ("#2 resolve image config for docker-image://docker.io/docker/dockerfile:1\n"
        '#2 ERROR: failed to do request: Head "https://registry-1.docker.io/v2/": dial tcp: no such host\n'
        "------\n > resolve image config for docker-image://docker.io/docker/dockerfile:1:\n------\nDockerfile:1\n"
        "--------------------\n   1 | >>> # syntax=docker/dockerfile:1\n   2 |     FROM debian\n"
        "--------------------\nerror: failed to solve: failed to resolve source metadata for "
        'docker.io/docker/dockerfile:1: failed to do request: Head "https://registry-1.docker.io/v2/": no such host'),
        ("build-failed", 0, "failed to resolve source metadata", ""),
    ),
    "buildctl: a step fails": (
        "FROM debian\nRUN no-such\n",
        ("#5 [2/2] RUN no-such\n#5 0.063 /bin/sh: 1: no-such: not found\n"
        '#5 ERROR: process "/bin/sh -c no-such" did not complete successfully: exit code: 127\n------\n'
        " > [2/2] RUN no-such:\nno-such: not found\n------\nDockerfile:2\n--------------------\n"
        "   1 |     FROM debian\n   2 | >>> RUN no-such\n   3 |     \n--------------------\n"
        'error: failed to solve: process "/bin/sh -c no-such" did not complete successfully: exit code: 127'),
        ("build-step-failed", 1, "no-such: not found", "Install `no-such` in the image first"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_failed_build_is_told_at_its_line(name: str) -> None:
    dockerfile, printed, (code, line, cause, fix) = CASES[name]
    problem = problem_of(dockerfile, printed)
    assert problem.code == code
    assert problem.place is not None
    assert problem.place.span is not None
    assert problem.place.span.start.line == line
    assert cause in problem.cause
    assert not problem.cause.lower().startswith("error: ")
    assert problem.fix.startswith(fix)


def test_steps_of_stages_have_their_lines_and_say_what_was_cached() -> None:
    dockerfile = parse("FROM debian AS build\nRUN a\n\nFROM build\nUSER 1\nCOPY . .\n", PATH)
    reader = ProgressReader(dockerfile)
    printed = """[1/2] STEP 1/2: FROM debian AS build
[1/2] STEP 2/2: RUN a
--> Using cache 411a
[2/2] STEP 1/4: FROM 411a7c67abde
[2/2] STEP 2/4: USER 1
[2/2] STEP 3/4: COPY . .
[2/2] STEP 4/4: LABEL "x"="y"
[2/2] COMMIT draft/x"""
    steps = [step for line in printed.split("\n") if (step := reader.read(line))]
    assert [(step.line, step.cached) for step in steps] == [
        (1, None), (2, None), (2, True), (4, None), (5, None), (6, None), (None, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "fix"),
    [
        ("Error: writing blob: authentication required", "Give the builder credentials"),
        (
            'Error: Get "https://127.0.0.1:9/v2/": dial tcp 127.0.0.1:9: connect',
            "To the builder this address",
        ),
        (
            'error: failed to solve: failed to push 127.0.0.1:9/app:x: Head "http://127.0.0.1:9/": dial tcp',
            "To the builder this address",
        ),
        ("Error: http: server gave HTTP response to HTTPS client", "The registry has no TLS"),
        ("Error: no such host", "Check `registry` in draft.toml"),
    ],
)
def test_a_push_that_fails_says_what_to_do(said: str, fix: str) -> None:
    problem = push_failed("127.0.0.1:9/app:x", ("Getting image source signatures", said, "more"), "regcred")
    assert problem.cause == said.removeprefix("Error: ").removeprefix("error: failed to solve: ")
    assert problem.fix.startswith(fix)


def test_another_version_is_refused_with_the_side_that_is_behind() -> None:
    assert other_version("n", "9", 1).fix == "Update Draft."
    assert "draft init --upgrade" in other_version("n", "0", 1).fix
    assert "draft init --upgrade" in other_version("n", "", 1).fix
