"""``draft-ls``, also ``python -m draft_ls``: serve one editor on standard input and output."""

from __future__ import annotations

import argparse
import logging
import sys
from ipaddress import ip_address
from typing import TYPE_CHECKING

from draft_ls import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until the editor leaves; returns the process's exit code."""
    options = _parser().parse_args(argv)
    _configure_logging(options.verbose, options.log_file)
    # Imported here, so that --version and --help do not pay for it.
    from draft_ls.server.startup import quick_imports

    with quick_imports() as keep:
        from draft_ls.server.server import create_server
        from draft_ls.server.transport import serve_stdio, serve_tcp

        server = create_server()
    server.on_idle = keep
    if options.tcp:
        return serve_tcp(server, *options.tcp)
    return serve_stdio(server)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "draft-ls",
        description="The language server of Draft. Editors start it; it speaks LSP on stdin and stdout.",
    )
    parser.add_argument("--version", action="version", version=f"draft-ls {__version__}")
    parser.add_argument(
        "--stdio", action="store_true", help="speak on standard input and output (the default)"
    )
    parser.add_argument(
        "--tcp",
        type=_address,
        metavar="HOST:PORT",
        help="wait for one client on a loopback port, for debugging",
    )
    parser.add_argument("--log-file", metavar="PATH", help="write the log there instead of to standard error")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="log more; twice for everything")
    return parser


def _address(text: str) -> tuple[str, int]:
    """``HOST:PORT`` on this machine: whoever can connect can build and deploy."""
    host, _, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if host == "localhost":
        host = "127.0.0.1"
    try:
        loopback = ip_address(host).is_loopback
        number = int(port)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT") from error
    if not loopback or not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port on the loopback interface")
    return host, number


def _configure_logging(verbose: int, file: str | None) -> None:
    """Log to standard error or a file, never to standard output: that is the protocol's."""
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    try:
        handler = logging.FileHandler(file, encoding="utf-8") if file else logging.StreamHandler()
    except OSError as error:
        sys.exit(f"draft-ls: the log file {file} cannot be written: {error.strerror}")
    handler.setFormatter(logging.Formatter(FORMAT))
    logging.basicConfig(level=level, handlers=[handler])
    # pygls logs every payload at INFO, with whatever the person's files hold.
    logging.getLogger("pygls").setLevel(logging.WARNING)


if __name__ == "__main__":
    sys.exit(main())
