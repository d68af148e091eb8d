"""One cluster, opened for one explicit kube context.

Objects stay JSON: no request of ours needs a model class, and making them costs more than the request.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Self

from draft_ls.cluster.connection import Connection, split_lines
from draft_ls.cluster.faults import ApiError
from draft_ls.cluster.kinds import ACCESS_REVIEWS, NAMESPACES, NODES, PODS, Kind, Object
from draft_ls.cluster.model import Node, Version

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from draft_ls.cluster.streams import ExecStream, PortStream

NO_LOG = b"unable to retrieve container logs for "
"""What the kubelet writes in place of a log when the runtime has removed the container."""

_log = logging.getLogger(__name__)


class Cluster:
    """The API server of one context. Use ``open``; close it after use, or use it as a context manager.

    Every method raises ``ApiError`` when the server refuses, ``UnreachableError`` when there is no way to it.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        """The way to the API server, for watches and whatever else has no method here."""

    @classmethod
    async def open(cls, context: str, kubeconfig: str | None = None) -> Self:
        """Prepare a connection; the first request makes it.

        Args:
            context: the kube context's name.
            kubeconfig: what ``KUBECONFIG`` would hold; our own environment's if none.

        Raises:
            DraftError: no kubeconfig, no such context, or its log-in plugin is missing.
        """
        return cls(await Connection.open(context, kubeconfig))

    @property
    def context(self) -> str:
        """The kube context's name."""
        return self.connection.context.name

    @property
    def server(self) -> str:
        """The API server's URL."""
        return self.connection.context.server

    async def close(self) -> None:
        """Give back every connection."""
        await self.connection.close()

    def renew(self) -> None:
        """Drop every connection, as one has turned out to be dead; see ``Connection.renew``."""
        self.connection.renew()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def get(self, kind: Kind, name: str, namespace: str | None = None) -> Object:
        """One object."""
        return await self._ask("GET", kind, f"get {_object(kind, name, namespace)}", namespace, name)

    async def find(self, kind: Kind, name: str, namespace: str | None = None) -> Object | None:
        """One object, none if there is no such."""
        try:
            return await self.get(kind, name, namespace)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def list(
        self, kind: Kind, namespace: str | None = None, *, labels: str = "", fields: str = ""
    ) -> tuple[list[Object], str]:
        """All objects of a kind that the selectors match, and the version of the collection to watch from."""
        query = [
            (key, value) for key, value in (("labelSelector", labels), ("fieldSelector", fields)) if value
        ]
        doing = f"list {kind.plural}{_in(namespace)}"
        listing = await self._ask("GET", kind, doing, namespace, query=query)
        items: list[Object] = listing.get("items") or []
        return items, listing["metadata"]["resourceVersion"]

    async def create(self, kind: Kind, body: Object, namespace: str | None = None) -> Object:
        """Make an object."""
        doing = f"create {_object(kind, body.get('metadata', {}).get('name', ''), namespace)}"
        return await self._ask("POST", kind, doing, namespace, body=body)

    async def patch(
        self,
        kind: Kind,
        name: str,
        body: Object,
        namespace: str | None = None,
        *,
        subresource: str | None = None,
    ) -> Object:
        """Change an object by a JSON merge patch."""
        doing = f"change {_object(kind, name, namespace)}"
        return await self._ask(
            "PATCH", kind, doing, namespace, name, subresource=subresource, body=body,
            headers={"Content-Type": "application/merge-patch+json"},
        )  # fmt: skip

    async def delete(
        self, kind: Kind, name: str, namespace: str | None = None, *, grace: int | None = None
    ) -> bool:
        """Delete an object; false if there was none. ``grace``: seconds that a pod gets to end."""
        query = [] if grace is None else [("gracePeriodSeconds", str(grace))]
        try:
            await self._ask(
                "DELETE", kind, f"delete {_object(kind, name, namespace)}", namespace, name, query=query
            )
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True

    async def ensure_namespace(self, name: str) -> bool:
        """Make the namespace if it is missing; true if it was.

        A user who may use one namespace may often neither look at nor make namespaces: then it is taken to be
        there, and Helm will say if it is not.
        """
        try:
            if await self.find(NAMESPACES, name) is not None:
                return False
        except ApiError as error:
            if error.status != 403:
                raise
            _log.info("cannot look at namespace %s: taken to exist", name)
            return False
        try:
            await self.create(
                NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            )
        except ApiError as error:
            if error.status != 409:
                raise
            return False
        return True

    async def can_i(self, verb: str, kind: Kind, namespace: str | None, *, subresource: str = "") -> bool:
        """Whether the user may do that, as the cluster's own review says."""
        attributes = {"verb": verb, "resource": kind.plural, "group": kind.group, "subresource": subresource}
        if namespace is not None:
            attributes["namespace"] = namespace
        body: Object = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": ACCESS_REVIEWS.name,
            "spec": {"resourceAttributes": attributes},
        }
        review = await self.create(ACCESS_REVIEWS, body)
        return bool(review.get("status", {}).get("allowed"))

    async def version(self) -> Version:
        """The API server's version: also the cheapest way to see whether it answers."""
        found = await self.connection.ask("GET", "/version", "tell its version")
        major, minor = (int("".join(filter(str.isdigit, found[key])) or 0) for key in ("major", "minor"))
        return Version(major, minor, found["gitVersion"])

    async def openapi(self) -> bytes:
        """The schemas of everything that the API server knows, as JSON of some megabytes."""
        return await self.connection.fetch("/openapi/v2", "tell its schemas")

    async def nodes(self) -> tuple[Node, ...]:
        """All nodes."""
        items, _ = await self.list(NODES)
        return tuple(_node(item) for item in items)

    async def logs(
        self,
        namespace: str,
        pod: str,
        container: str,
        *,
        follow: bool = False,
        previous: bool = False,
        tail: int | None = None,
        since: float | None = None,
    ) -> AsyncGenerator[str]:
        """Lines of a container's log, without line ends.

        Args:
            namespace: where the pod is.
            pod: whose log.
            container: which container of it.
            follow: go on with what is written until the container ends.
            previous: the log of the container's run before the last restart.
            tail: only that many of its last lines.
            since: only lines of that many last seconds.
        """
        query = [
            ("container", container),
            ("follow", str(follow).lower()),
            ("previous", str(previous).lower()),
        ]
        if tail is not None:
            query.append(("tailLines", str(tail)))
        if since is not None:
            query.append(("sinceSeconds", str(max(1, round(since)))))
        path = PODS.path(namespace, pod, "log")
        doing = f"read the log of pod {pod!r}{_in(namespace)}"
        async with self.connection.stream(path, query, doing) as chunks:
            async for line in split_lines(chunks):
                if not line.startswith(NO_LOG):
                    yield line.decode(errors="replace")

    async def exec(
        self,
        namespace: str,
        pod: str,
        container: str,
        command: Sequence[str],
        *,
        stdin: bool = True,
        heartbeat: float | None = None,
    ) -> ExecStream:
        """Start a program in a container, with a stream of bytes to and from it.

        ``heartbeat``: seconds of silence after which the server must give a sign of life; never if none.

        Raises:
            ApiError: the pod or container is not there or not running, or the user may not.
        """
        from draft_ls.cluster import streams

        flags = {"container": container, "stdin": stdin, "stdout": True, "stderr": True, "tty": False}
        query = [
            (key, str(value).lower() if isinstance(value, bool) else value) for key, value in flags.items()
        ]
        query += [("command", word) for word in command]
        doing = f"run {command[0]!r} in pod {pod!r}{_in(namespace)}"
        socket = await self.connection.socket(
            PODS.path(namespace, pod, "exec"), query, streams.EXEC_PROTOCOLS, doing, heartbeat=heartbeat
        )
        return streams.ExecStream(socket)

    async def forward(self, namespace: str, pod: str, port: int) -> PortStream:
        """Open one connection to a port of a pod.

        It succeeds as soon as the pod's sandbox is there; that nothing listens shows when reading. Whoever asks
        often, and for a pod that may not be there yet, gets no cause with a refusal: that would double the cost.

        Raises:
            ApiError: there is no such pod, it has no sandbox yet, or the user may not.
        """
        from draft_ls.cluster import streams

        doing = f"forward port {port} of pod {pod!r}{_in(namespace)}"
        path = PODS.path(namespace, pod, "portforward")
        socket = await self.connection.socket(
            path, [("ports", str(port))], streams.FORWARD_PROTOCOLS, doing, explained=False
        )
        self.connection.keep_spare()
        return streams.PortStream(socket, port)

    async def _ask(
        self,
        method: str,
        kind: Kind,
        doing: str,
        namespace: str | None,
        name: str | None = None,
        *,
        subresource: str | None = None,
        query: Sequence[tuple[str, str]] = (),
        body: Object | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Object:
        path = kind.path(namespace, name, subresource)
        return await self.connection.ask(method, path, doing, query=query, body=body, headers=headers)


def _in(namespace: str | None) -> str:
    return f" in namespace {namespace!r}" if namespace else ""


def _object(kind: Kind, name: str, namespace: str | None) -> str:
    return f"{kind.name.lower()} {name!r}{_in(namespace)}" if name else f"a {kind.name}{_in(namespace)}"


def _node(item: Object) -> Node:
    status: Object = item.get("status", {})
    info: Object = status.get("nodeInfo", {})
    addresses: dict[str, str] = {entry["type"]: entry["address"] for entry in status.get("addresses", [])}
    conditions: list[Object] = status.get("conditions", [])
    return Node(
        name=item["metadata"]["name"],
        address=addresses.get("ExternalIP") or addresses.get("InternalIP"),
        boot_id=info.get("bootID", ""),
        runtime=info.get("containerRuntimeVersion", ""),
        kernel=info.get("kernelVersion", ""),
        architecture=info.get("architecture", ""),
        ready=any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions),
    )
