"""The build context as far as names and sizes say: what the image build can see, and what hides the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from draft_ls.dockerfile.ignore import IGNORE_FILE, BadPatternError, IgnoreRules, parse_ignore
from draft_ls.errors import Place, Problem, Span
from draft_ls.files import inside

if TYPE_CHECKING:
    from draft_ls.dockerfile.ignore import Matched
    from draft_ls.files import Listing, Tree

FILE_LIMIT = 50_000
"""How many files a look at a context takes in; a larger one is known to be at least as large."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the image build can see.

    Attributes:
        files: the paths of all files that are not ignored, relative to the context's folder.
        size: their bytes, as they were when their folder was last looked into.
        folders: top folder → its number of files and their bytes.
        rules: what the ignore file says; empty if it cannot be read.
        ignore_path: the ignore file in force, or the one that would be made.
        ignore_text: its text; none if there is none.
        problems: what is wrong with it.
        whole: whether every file was looked at.
    """

    files: frozenset[str]
    size: int
    folders: dict[str, tuple[int, int]]
    rules: IgnoreRules
    ignore_path: str
    ignore_text: str | None
    problems: tuple[Problem, ...]
    whole: bool


@dataclass(slots=True)
class Memory:
    """What an earlier look at the same app found, folder by folder, so that the next one is quick.

    A folder whose names are the same is not judged and measured again.
    """

    ignore_text: str | None = None
    folders: dict[str, _Folder] = field(default_factory=dict[str, "_Folder"])
    above: dict[int, Memory] = field(default_factory=dict[int, "Memory"])

    def of(self, levels: int) -> Memory:
        """The memory of a build context so many folders above the app's."""
        return self.above.setdefault(levels, Memory()) if levels else self


@dataclass(frozen=True, slots=True)
class _Folder:
    """One folder: what was in it, what of that counts, and which folders are to be entered."""

    listing: Listing
    above: Matched
    files: tuple[str, ...]
    size: int
    entered: tuple[tuple[str, Matched], ...]


def ignore_file(tree: Tree, dockerfile: str) -> str:
    """The ignore file in force: ``<Dockerfile>.dockerignore`` if there is one, else ``.dockerignore``."""
    own = f"{dockerfile}{IGNORE_FILE}"
    return own if tree.kind(own) else IGNORE_FILE


def read_context(tree: Tree, dockerfile: str, memory: Memory) -> Context:
    """Look at the build context of an app.

    Args:
        tree: the context's folder.
        dockerfile: the path of the app's Dockerfile in it, which may have an ignore file of its own.
        memory: what the last look found; it is brought up to date.
    """
    path = ignore_file(tree, dockerfile)
    text = tree.read(path)
    problems: tuple[Problem, ...] = ()
    try:
        rules = parse_ignore(text or "")
    except BadPatternError as error:
        rules = IgnoreRules(())
        problems = (_bad_pattern(Place(tree.root / path, _span(text or "", error)), error),)
    if memory.ignore_text != text:
        memory.ignore_text = text
        memory.folders.clear()
    look = _Look(tree, rules, memory)
    look.run()
    return Context(
        frozenset(look.files), look.size, look.folders, rules, path, text, problems, not look.cut_off
    )


class _Look:
    """One walk over a context."""

    def __init__(self, tree: Tree, rules: IgnoreRules, memory: Memory) -> None:
        self._tree = tree
        self._rules = rules
        self._memory = memory
        self.files: list[str] = []
        self.size = 0
        self.folders: dict[str, tuple[int, int]] = {}
        self.cut_off = False

    def run(self) -> None:
        pending: list[tuple[str, Matched]] = [("", self._rules.nothing)]
        while pending:
            if len(self.files) >= FILE_LIMIT:
                self.cut_off = True
                return
            path, above = pending.pop()
            folder = self._folder(path, above)
            self.files.extend(folder.files)
            self.size += folder.size
            top = path.partition("/")[0]
            if top:
                count, size = self.folders.get(top, (0, 0))
                self.folders[top] = (count + len(folder.files), size + folder.size)
            pending.extend(folder.entered)

    def _folder(self, path: str, above: Matched) -> _Folder:
        listing = self._tree.listing(path)
        known = self._memory.folders.get(path)
        if known is not None and known.listing == listing and known.above == above:
            return known
        prefix = f"{path}/" if path else ""
        judged = [(prefix + name, self._rules.judge(prefix + name, above)[0]) for name in listing.files]
        kept = tuple(file for file, ignored in judged if not ignored)
        entered: list[tuple[str, Matched]] = []
        for name in listing.folders:
            ignored, below = self._rules.judge(prefix + name, above)
            if not ignored or self._rules.may_hold_exceptions(prefix + name):
                entered.append((prefix + name, below))
        size = sum(self._tree.size(file) for file in kept)
        found = _Folder(listing, above, kept, size, tuple(entered))
        self._memory.folders[path] = found
        return found


def hidden_by(context: Context, path: str) -> int | None:
    """The line of the ignore file that hides a path, from 0; none if nothing does."""
    if context.ignore_text is None or not inside(path) or not context.rules.ignores(path):
        return None
    lines = context.ignore_text.split("\n")
    for number, line in reversed(list(enumerate(lines))):
        try:
            rules = parse_ignore(line)
        except BadPatternError:
            continue
        if rules.patterns and not rules.patterns[0].exception and rules.ignores(path):
            return number
    return None


def _span(text: str, error: BadPatternError) -> Span:
    line = text.split("\n")[error.line].rstrip()
    return Span.of(error.line, len(line) - len(line.lstrip()), len(line))


def _bad_pattern(place: Place, error: BadPatternError) -> Problem:
    return Problem(
        "ignore-pattern",
        f"{place.path.name} has a line that is no pattern: {error.pattern}.",
        place=place,
        cause="Docker refuses to build with it.",
        fix="Close the bracket, complete the escape, or put a pattern after the “!”.",
    )
