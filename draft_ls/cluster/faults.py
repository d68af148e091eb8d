"""What the API server, or the way to it, refuses: as problems with what to do."""

from __future__ import annotations

import errno
import json
from typing import TYPE_CHECKING, Any, cast

from draft_ls.errors import DraftError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator


class ApiError(DraftError):
    """The API server answered, and the answer is no.

    Attributes:
        status: the HTTP status.
        reason: the API's word for it, e.g. ``NotFound``, ``Expired``; empty if it gave none.
    """

    def __init__(self, status: int, reason: str, problem: Problem) -> None:
        super().__init__(problem)
        self.status = status
        self.reason = reason

    @property
    def transient(self) -> bool:
        """Whether the same request may succeed in a moment."""
        return self.status in {429, 500, 502, 503, 504}


class UnreachableError(DraftError):
    """No answer from the API server at all: no network, no server, no trust in its certificate."""


_REFUSALS = {
    400: ("cluster-bad-request", "The cluster does not understand the request to {doing}.", ""),
    401: (
        "cluster-unauthorized",
        "The cluster does not know the user of context {context!r}.",
        "Log in again: the token or the certificate in the kubeconfig may have run out.",
    ),
    403: (
        "cluster-forbidden",
        "The user of context {context!r} may not {doing}.",
        "Ask the cluster's administrator for a role that allows it, or use another namespace or context.",
    ),
    404: ("cluster-not-found", "The cluster cannot {doing}: there is no such thing.", ""),
    409: ("cluster-conflict", "The cluster refuses to {doing}: it has changed, or exists, already.", ""),
    410: ("cluster-expired", "The cluster no longer remembers the state to {doing} from.", ""),
    422: ("cluster-invalid", "The cluster refuses to {doing}: the object is not valid.", ""),
    429: ("cluster-busy", "The cluster is too busy to {doing}.", "Try again in a moment."),
}


def refused(context: str, doing: str, status: int, body: bytes) -> ApiError:
    """The error for an answer of ``status`` 400 or more.

    Args:
        context: the kube context.
        doing: what was asked for, as a verb phrase: ``list pods in namespace 'default'``.
        status: the HTTP status.
        body: the answer; normally a ``Status`` object.
    """
    said = _status(body)
    code, message, fix = _REFUSALS.get(
        status, ("cluster-error", "The cluster failed to {doing} (HTTP {status}).", "Try again in a moment.")
    )
    text = message.format(context=context, doing=doing, status=status)
    return ApiError(
        status, str(said.get("reason", "")), Problem(code, text, cause=str(said.get("message", "")), fix=fix)
    )


def unreachable(context: str, server: str, error: BaseException) -> UnreachableError:
    """The error for a connection that did not come about, or broke."""
    code, message, fix = _way(server, error)
    return UnreachableError(
        Problem(code, f"{message} (context {context!r}).", cause=_deepest(error), fix=fix),
    )


def _way(server: str, error: BaseException) -> tuple[str, str, str]:
    import ssl

    import aiohttp

    chain = tuple(_chain(error))
    if any(isinstance(link, (ssl.SSLError, aiohttp.ClientSSLError)) for link in chain):
        return (
            "cluster-tls",
            f"The certificate of the cluster at {server} is not trusted, or TLS failed",
            "Check certificate-authority-data in the kubeconfig: it may be that of an older cluster.",
        )
    if any(isinstance(link, aiohttp.ClientConnectorDNSError) for link in chain):
        return (
            "cluster-unknown-host",
            f"The cluster's host name in {server} cannot be resolved",
            "Check the network or VPN and the server address in the kubeconfig.",
        )
    if any(isinstance(link, TimeoutError) for link in chain):
        return (
            "cluster-timeout",
            f"The cluster at {server} does not answer in time",
            "Check the network or VPN, and that the cluster is running.",
        )
    if any(getattr(link, "errno", None) == errno.ECONNREFUSED for link in chain):
        return (
            "cluster-refused",
            f"Nothing listens at {server}: the cluster is not running",
            "Start the cluster, or choose another context.",
        )
    return (
        "cluster-unreachable",
        f"The connection to the cluster at {server} failed",
        "Check the network or VPN, and that the cluster is running.",
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        inner: Any = getattr(error, "os_error", None)
        error = inner if isinstance(inner, BaseException) and inner is not error else error.__cause__


def _deepest(error: BaseException) -> str:
    *_, last = _chain(error)
    return str(last) or type(last).__name__


def _status(body: bytes) -> dict[str, Any]:
    try:
        data: Any = json.loads(body)
    except ValueError:
        return {"message": body.decode(errors="replace").strip()[:500]}
    return cast("dict[str, Any]", data) if isinstance(data, dict) else {}
