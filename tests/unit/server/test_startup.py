"""The cache of generated code: the same code, kept once, and never in the way."""

from __future__ import annotations

import builtins
import dataclasses
import inspect
import sys
import typing
from typing import TYPE_CHECKING

import pytest

from draft_ls.server.startup import CodeCache

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = "def answer():\n    return 42\n"


@pytest.fixture(autouse=True)
def writes_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


def test_what_was_compiled_once_is_not_compiled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kept"
    first = CodeCache(path)
    first.compile(SOURCE, "<made>", "exec")
    first.save()
    monkeypatch.setattr(builtins, "compile", lambda *_: pytest.fail("compiled again"))
    second = CodeCache(path)
    names: dict[str, object] = {}
    exec(second.compile(SOURCE, "<made>", "exec"), names)
    assert names["answer"]() == 42  # pyright: ignore[reportCallIssue]


def test_another_text_mode_or_name_is_other_code(tmp_path: Path) -> None:
    cache = CodeCache(tmp_path / "kept")
    code = cache.compile("1", "<a>", "exec")
    assert cache.compile("1", "<a>", "exec") is code
    assert cache.compile("1", "<a>", "eval") is not code
    assert cache.compile("1", "<b>", "exec").co_filename == "<b>"


@pytest.mark.parametrize("data", [b"", b"junk", b"\xe3", b"[\x05\x00"])
def test_a_damaged_file_is_as_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "kept"
    path.write_bytes(data)
    cache = CodeCache(path)
    assert cache.compile("1", "<a>", "eval").co_filename == "<a>"
    cache.save()
    assert CodeCache(path).compile("1", "<a>", "eval")


def test_where_nothing_can_be_written_nothing_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (None, tmp_path / "no/such/folder/kept"):
        cache = CodeCache(path)
        cache.compile("1", "<a>", "eval")
        cache.save()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    cache = CodeCache(tmp_path / "kept")
    cache.compile("1", "<a>", "eval")
    cache.save()
    assert list(tmp_path.iterdir()) == []


def test_no_file_is_left_half_written(tmp_path: Path) -> None:
    cache = CodeCache(tmp_path / "kept")
    cache.compile("1", "<a>", "eval")
    cache.save()
    cache.save()
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_generated_code_is_as_python_makes_it_and_only_at_the_start(tmp_path: Path) -> None:
    """A class made through the cache, new and known, is like one made without."""
    cache = CodeCache(tmp_path / "kept")
    signatures = [_made()]
    for each in (cache, CodeCache(tmp_path / "kept")):
        each.install()
        try:
            signatures.append(_made())
        finally:
            each.save()
        assert "exec" not in vars(dataclasses)
        assert "compile" not in vars(typing)
    assert len(signatures) == 3
    assert len(set(signatures)) == 1


def _made() -> str:
    made = dataclasses.make_dataclass("Made", [("count", int), ("name", str, "none")], frozen=True)
    assert made(1) == made(1, "none")
    assert typing.get_type_hints(made) == {"count": int, "name": str}
    return f"{inspect.signature(made)} {made(2)!r}"
