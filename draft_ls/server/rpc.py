"""JSON-RPC as LSP wants it, over pygls: where pygls 2.1 falls short, this subclass does better.

Each method says what pygls does without it. The tests in ``tests/lsp/test_protocol.py`` hold the behaviour.
"""

from __future__ import annotations

import asyncio
import logging
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from cattrs.errors import BaseValidationError
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, lsp_method

from draft_ls.errors import DraftError
from draft_ls.server.envelopes import MESSAGE_TYPES
from draft_ls.server.texts import Documents

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Mapping
    from concurrent.futures import Future

    Command = Callable[[types.ExecuteCommandParams], Awaitable[Any]]

T = TypeVar("T")

logger = logging.getLogger(__name__)

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
NOT_INITIALIZED = -32002
REQUEST_FAILED = -32803
REQUEST_CANCELLED = -32800

_UNEXPECTED = "Draft met an unexpected error. Its log says more."


class RequestFailedError(JsonRpcException):
    """A request that could not be done, for a reason that the person can read."""

    CODE = REQUEST_FAILED


def request_failed(error: DraftError) -> RequestFailedError:
    """The answer to a request that met a problem."""
    problem = error.problem
    message = f"{problem.message} {problem.fix}".strip()
    return RequestFailedError(message, data={"code": problem.code, "cause": problem.cause})


class DraftProtocol(LanguageServerProtocol):
    """LSP with Draft's messages, an answer to every request, and no surprises at the end."""

    exit_code: int | None = None
    """What the process shall end with; none while nobody asked for the end."""

    on_exit: Callable[[], None] | None = None
    """Called when the client has sent ``exit``."""

    experimental: Mapping[str, Any] = MappingProxyType({})
    """What ``capabilities.experimental`` says."""

    _closed = False

    def get_message_type(  # pyright: ignore[reportIncompatibleVariableOverride] - the base is a cached method
        self, method: str
    ) -> type[Any] | None:
        """The envelope of a method; pygls would read ours as nested named tuples."""
        return MESSAGE_TYPES.get(method) or super().get_message_type(method)

    def read(self, data: object, type_: type[T]) -> T:
        """JSON as a typed value.

        Raises:
            JsonRpcException: it is not what the type says.
        """
        try:
            return self._converter.structure(data, type_)
        except (BaseValidationError, TypeError, ValueError) as error:
            logger.warning("A %s cannot be read: %s", type_.__name__, _reason(error))
            text = f"This is no {type_.__name__} as docs/protocol.md describes it."
            raise JsonRpcException(text, INVALID_PARAMS) from error

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Leave JSON as it is: ``handle_message`` reads it, because it alone can answer what is malformed.

        pygls reads messages here, where JSON objects are made: one with bad params is never answered, and any
        nested object with a ``jsonrpc`` field is taken for a message.
        """
        return data

    def handle_message(self, message: Any) -> None:
        """Read a message and delegate it; a request is answered whatever is wrong with it."""
        refusal = self._refusal(message)
        if refusal is None:
            message = cast("dict[str, Any]", message)
            try:
                read: Any = super().structure_message(message)
            except (JsonRpcException, BaseValidationError) as error:
                self._unreadable(message, error)
                return
            if "method" in message or not self._shutdown:
                super().handle_message(read)
        elif (identifier := _identifier(message)) is not None or not _is_notification(message):
            self._send_response(identifier, error=refusal)  # pyright: ignore[reportArgumentType]

    def _refusal(self, message: Any) -> types.ResponseError | None:
        """Why a message is not even looked at; pygls keeps silent after ``shutdown``, against the spec."""
        if not isinstance(message, dict):
            return types.ResponseError(INVALID_REQUEST, "A message must be a JSON object.")
        data = cast("dict[str, Any]", message)
        method = data.get("method")
        if data.get("jsonrpc") != self.VERSION:
            return types.ResponseError(INVALID_REQUEST, 'A message must have "jsonrpc": "2.0".')
        if "method" not in data:
            return None if "id" in data else types.ResponseError(INVALID_REQUEST, "A message needs a method.")
        if not isinstance(method, str) or not isinstance(data.get("id", 0), str | int):
            return types.ResponseError(
                INVALID_REQUEST, "The method must be a text, the id a text or integer."
            )
        if self._shutdown and method != types.EXIT:
            return types.ResponseError(INVALID_REQUEST, "The server is shutting down.")
        if self._workspace is None and method not in (types.INITIALIZE, types.EXIT):
            return types.ResponseError(NOT_INITIALIZED, "The server is not initialized.")
        if self._workspace is not None and method == types.INITIALIZE:
            return types.ResponseError(INVALID_REQUEST, "The server is initialized already.")
        return None

    def _unreadable(self, message: dict[str, Any], error: Exception) -> None:
        method, identifier = message.get("method"), message.get("id")
        logger.warning("The params of %s cannot be read: %s", method, _reason(error))
        if method is not None and identifier is not None:
            text = f"The params of {method} are not what the protocol says."
            self._send_response(identifier, error=types.ResponseError(INVALID_PARAMS, text))
        elif identifier is not None and (future := self._request_futures.pop(identifier, None)):
            future.set_exception(JsonRpcException("The client's answer cannot be read.", INVALID_PARAMS))

    def parse_error(self) -> None:
        """Answer a message that is not JSON."""
        error = types.ResponseError(PARSE_ERROR, "The message is not JSON.")
        self._send_response(None, error=error)  # pyright: ignore[reportArgumentType]

    def _execute_handler(
        self,
        msg_id: str | int,
        handler: Callable[..., Any],
        callback: Callable[[Future[Any]], None],
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        """Run a handler and forget its future when it is done; pygls keeps one per keystroke for ever."""

        def done(future: Future[Any]) -> None:
            self._request_futures.pop(msg_id, None)
            callback(future)

        super()._execute_handler(msg_id, handler, done, args, kwargs)

    def _send_handler_result(self, future: Future[Any], *, msg_id: str | int) -> None:
        """Answer a request; pygls sends the traceback along and logs expected failures as errors."""
        self._request_futures.pop(msg_id, None)
        if future.cancelled():
            error = types.ResponseError(REQUEST_CANCELLED, "The request was cancelled.")
        elif (raised := future.exception()) is None:
            self._send_response(msg_id, result=future.result())
            return
        elif isinstance(raised, asyncio.CancelledError):
            error = types.ResponseError(REQUEST_CANCELLED, "The request was cancelled.")
        elif isinstance(raised, DraftError):
            error = request_failed(raised).to_response_error()
        elif isinstance(raised, JsonRpcException):
            error = raised.to_response_error()
        else:
            logger.error("A request failed unexpectedly", exc_info=raised)
            error = types.ResponseError(INTERNAL_ERROR, _UNEXPECTED)
        self._send_response(msg_id, error=error)

    def _check_handler_result(self, future: Future[Any]) -> None:
        """Log what went wrong in a notification; pygls shows it to the person, whatever it is."""
        if not future.cancelled() and (raised := future.exception()) is not None:
            logger.error("A notification could not be handled", exc_info=raised)

    def _handle_response(
        self, msg_id: str | int, result: Any | None = None, error: types.ResponseError | None = None
    ) -> None:
        """Take an answer to a request of ours, unless nobody waits for it any more."""
        future = self._request_futures.get(msg_id)
        if future is None or future.cancelled():
            self._request_futures.pop(msg_id, None)
            return
        super()._handle_response(msg_id, result, error)

    def _handle_cancel_notification(self, msg_id: str | int) -> None:
        """Cancel a request; one that is done already needs no warning."""
        if future := self._request_futures.pop(msg_id, None):
            future.cancel()

    def _send_data(self, data: Any) -> None:
        """Send, unless the connection is closed; pygls reports a failure to send by sending."""
        if self._closed or self.writer is None:
            return
        super()._send_data(data)

    def close(self) -> None:
        """Send nothing any more."""
        self._closed = True

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> Generator[Any, Any, types.InitializeResult]:
        """Add what pygls' builder cannot say, and documents that count lines as LSP does."""
        result = yield from super().lsp_initialize(params)
        encoding = result.capabilities.position_encoding or types.PositionEncodingKind.Utf16
        kind, folders = types.TextDocumentSyncKind.Incremental, params.workspace_folders or []
        self._workspace = Documents(params.root_uri, kind, folders, encoding)
        result.capabilities.experimental = dict(self.experimental)
        if result.capabilities.execute_command_provider:
            result.capabilities.execute_command_provider.work_done_progress = True
        return result

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *args: Any) -> Generator[Any, Any, None]:
        """Cancel what is under way, walking over a copy: our futures leave when they are done."""
        features: Any = self.fm
        handler: Callable[..., Any] | None = features.features.get(types.SHUTDOWN)
        if handler is not None:
            yield handler, args, None
        current = self.msg_id
        for identifier, future in tuple(self._request_futures.items()):
            if identifier != current and not future.done():
                future.cancel()
        self._shutdown = True

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    async def lsp_workspace__execute_command(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, params: types.ExecuteCommandParams
    ) -> Any:
        """Run a command with the whole request; cancelling the request cancels the command.

        pygls matches arguments by count, ignores defaults, drops the progress token, and lets a cancelled
        command run on.
        """
        features: Any = self.fm
        commands: Mapping[str, Command] = features.commands
        command = commands.get(params.command)
        if command is None:
            raise JsonRpcException(f"There is no command {params.command!r}.", INVALID_PARAMS)
        return await command(params)

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Ask the transport to end; pygls would raise ``SystemExit`` inside the loop and lose the code."""
        self.exit_code = 0 if self._shutdown else 1
        if self.on_exit is not None:
            self.on_exit()


def _identifier(message: Any) -> str | int | None:
    if not isinstance(message, dict):
        return None
    found = cast("dict[str, Any]", message).get("id")
    return found if isinstance(found, str | int) else None


def _is_notification(message: Any) -> bool:
    return isinstance(message, dict) and "method" in message and "id" not in message


def _reason(error: Exception) -> str:
    """The kinds of the innermost causes, without the values: payloads are never logged."""
    cause: BaseException = error.__cause__ or error
    names = [type(cause).__name__]
    while isinstance(cause, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", cause)
        cause = group.exceptions[0]
        names.append(type(cause).__name__)
    return " > ".join(names)
