"""The part of the docker SDK's client that we use, with its types; the SDK itself has few."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from requests import Response


class EngineClient(Protocol):
    """``docker.APIClient``. Every method blocks and raises what ``troubles.docker_problem`` explains."""

    base_url: str

    @property
    def api_version(self) -> str:
        """The version of the API that both sides speak."""
        ...

    def post(
        self,
        url: str,
        *,
        params: list[tuple[str, str]],
        headers: dict[str, str],
        data: Iterable[bytes] | None,
        stream: bool,
        timeout: tuple[float, float],
    ) -> Response:
        """A request as the HTTP session below the client makes it."""
        ...

    def version(self) -> dict[str, Any]:
        """``GET /version``."""
        ...

    def info(self) -> dict[str, Any]:
        """``GET /info``."""
        ...

    def containers(self, *, filters: Mapping[str, str]) -> list[dict[str, Any]]:
        """``GET /containers/json``: those that run."""
        ...

    def images(self, *, filters: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """``GET /images/json``."""
        ...

    def inspect_image(self, image: str) -> dict[str, Any]:
        """``GET /images/{name}/json``."""
        ...

    def remove_image(self, image: str) -> list[dict[str, str]]:
        """``DELETE /images/{name}``."""
        ...

    def close(self) -> None:
        """Give back the idle connections."""
        ...
