"""Blocking calls in threads that can be ended."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import pytest

from draft_ls.build.calls import Call, in_thread


async def test_result_and_error() -> None:
    assert await in_thread(lambda _: 3) == 3

    def fail(_: Call) -> None:
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        await in_thread(fail)


async def test_cancel_closes_what_the_thread_waits_for(leaves_nothing: None) -> None:
    ours, theirs = socket.socketpair()
    waiting = asyncio.Event()
    loop = asyncio.get_running_loop()

    def read(call: Call) -> bytes:
        call.ends_by(lambda: ours.shutdown(socket.SHUT_RDWR))
        loop.call_soon_threadsafe(waiting.set)
        return ours.recv(1)

    task = asyncio.create_task(in_thread(read))
    await waiting.wait()
    before = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - before < 0.5
    ours.close()
    theirs.close()


def test_a_closer_that_comes_too_late_is_called_at_once() -> None:
    call, closed = Call(), threading.Event()
    call.end()
    assert call.ended
    call.ends_by(closed.set)
    assert closed.is_set()


def test_a_closer_that_fails_does_not_keep_others_from_closing() -> None:
    call, closed = Call(), threading.Event()

    def fail() -> None:
        raise OSError("not connected")

    call.ends_by(fail)
    call.ends_by(closed.set)
    call.end()
    assert closed.is_set()


async def test_a_thread_that_does_not_end_does_not_hold_the_caller() -> None:
    release = threading.Event()
    task = asyncio.create_task(in_thread(lambda _: release.wait(30)))
    await asyncio.sleep(0)
    before = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - before < 3
    release.set()
