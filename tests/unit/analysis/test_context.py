"""The build context as the analysis sees it: what is ignored, why, and what is not looked at again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.analysis.context import Memory, hidden_by, read_context
from draft_ls.files import DiskTree, MemoryTree

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    ".dockerignore": "node_modules\n*.log\n!keep.log\n",
    "app.py": "x",
    "a.log": "",
    "keep.log": "12345",
    "node_modules/x/index.js": "",
    "src/b.py": "xyz",
}


def test_what_is_ignored_does_not_count() -> None:
    context = read_context(MemoryTree(FILES), "Dockerfile", Memory())
    assert context.files == {".dockerignore", "app.py", "keep.log", "src/b.py"}
    assert context.folders["src"] == (1, 3)
    assert context.size == len(FILES[".dockerignore"]) + 1 + 5 + 3


def test_the_line_that_hides_a_path_is_known() -> None:
    context = read_context(MemoryTree(FILES), "Dockerfile", Memory())
    assert hidden_by(context, "node_modules/x") == 0
    assert hidden_by(context, "a.log") == 1
    assert hidden_by(context, "keep.log") is None
    assert hidden_by(context, "app.py") is None


def test_an_ignore_file_of_the_dockerfile_wins() -> None:
    files = FILES | {"dev.Dockerfile.dockerignore": "src\n"}
    context = read_context(MemoryTree(files), "dev.Dockerfile", Memory())
    assert context.ignore_path == "dev.Dockerfile.dockerignore"
    assert "src/b.py" not in context.files
    assert "a.log" in context.files


def test_a_second_look_measures_only_what_is_new(tmp_path: Path) -> None:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    measured: list[str] = []

    class Counting(DiskTree):
        def size(self, path: str) -> int:
            measured.append(path)
            return super().size(path)

    memory = Memory()
    first = read_context(Counting(tmp_path), "Dockerfile", memory)
    assert measured
    measured.clear()
    assert read_context(Counting(tmp_path), "Dockerfile", memory).files == first.files
    assert measured == []
    (tmp_path / "src/c.py").write_text("1")
    assert "src/c.py" in read_context(Counting(tmp_path), "Dockerfile", memory).files
    assert set(measured) == {"src/b.py", "src/c.py"}
    (tmp_path / ".dockerignore").write_text("src\n")
    assert read_context(Counting(tmp_path), "Dockerfile", memory).folders.keys() == {"node_modules"}
