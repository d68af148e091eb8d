"""What the Engine says when a push fails, in the words of Engines 20.10 to 28 and of common registries."""

from __future__ import annotations

import pytest

from draft_ls.build.push import push_problem, refused
from draft_ls.errors import Problem, Stage

WORDS = {
    "registry-unreachable": [
        'Get "http://127.0.0.1:9/v2/": dial tcp 127.0.0.1:9: connect: connection refused',
        'Get "https://r.invalid/v2/": dial tcp: lookup r.invalid: no such host',
        "net/http: request canceled while waiting for connection (Client.Timeout exceeded)",
    ],
    "registry-insecure": [
        "http: server gave HTTP response to HTTPS client",
        "tls: first record does not look like a TLS handshake",
    ],
    "registry-tls": ["x509: certificate signed by unknown authority"],
    "registry-denied": [
        "no basic auth credentials",
        "unauthorized: authentication required",
        "denied: requested access to the resource is denied",
        "unexpected status from PUT request to https://r/v2/x/manifests/1: 403 Forbidden",
    ],
    "registry-repository": [
        "name unknown: The repository with name 'x' does not exist in the registry",
        "NAME_UNKNOWN: project x not found",
        "error parsing HTTP 404 response body: invalid character 'p': \"404 page not found\\n\"",
    ],
    "registry-failed": [
        "received unexpected HTTP status: 503 Service Unavailable",
        "toomanyrequests: You have reached your rate limit",
    ],
    "disk-full": ["write /var/lib/registry/x: no space left on device"],
    "push-failed": ["something new"],
}


@pytest.mark.parametrize(("code", "said"), [(code, said) for code, words in WORDS.items() for said in words])
def test_words_to_problems(code: str, said: str) -> None:
    problem = push_problem(said, "r.invalid", "r.invalid/x")
    assert (problem.code, problem.stage, problem.cause) == (code, Stage.PUSH, said)
    assert problem.place is None
    assert problem.fix or code == "push-failed"
    assert "{" not in problem.message + problem.fix


def test_what_the_engine_refuses_outright() -> None:
    said = "An image does not exist locally with the tag: r/x"
    assert refused(Problem("docker-failed", "", Stage.BUILD, cause=said), "r.invalid/x").code == "push-failed"
    other = refused(Problem("docker-unreachable", "m", Stage.BUILD), "r.invalid/x")
    assert (other.code, other.stage) == ("docker-unreachable", Stage.PUSH)
