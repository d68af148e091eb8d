"""`.dockerignore` by Docker's rules; most cases are those of moby/patternmatcher's own tests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draft_ls.dockerfile.ignore import BadPatternError, parse_ignore


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("**", "file", True),
        ("**", "dir/file", True),
        ("**/", "file", True),
        ("**/", "dir/file", True),
        ("**/**", "dir/file", True),
        ("dir/**", "dir/file", True),
        ("dir/**", "dir/dir2/file", True),
        ("dir/**", "dirs", False),
        ("**/dir", "dir", True),
        ("**/dir", "dir/file", True),
        ("**/dir2/*", "dir/dir2/file", True),
        ("**/dir2/*", "dir/dir2/dir2/file", True),
        ("**/dir2/**", "dir/dir2/file", True),
        ("**file", "file", True),
        ("**file", "dir/file", True),
        ("**file", "dir/otherfile", True),
        ("**/file", "dir/otherfile", False),
        ("**file*", "dir/file.txt", True),
        ("**/*.txt", "dir/file.txt", True),
        ("**/*.txt", "file.txt", True),
        ("**/**/*.txt", "dir/dir/file.txt", True),
        ("a**/*.txt", "a/file.txt", True),
        ("a**/*.txt", "a/dir/file.txt", True),
        ("a/*.txt", "a/dir/file.txt", False),
        ("a/*/*.txt", "a/dir/file.txt", True),
        ("a/*.txt", "a/file.txt/inside", True),
        ("a[b-d]e", "ace", True),
        ("a[b-d]e", "aae", False),
        ("a[^b]c", "adc", True),
        ("a[!b]c", "a!c", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("a.|)$(}+{bc", "a.|)$(}+{bc", True),
        ("a\\*b", "a*b", True),
        ("a\\*b", "axb", False),
        (".*", ".foo", True),
        (".*", "foo", False),
        ("abc.def", "abcdef", False),
        ("abc?def", "abcZdef", True),
        ("abc.de", "abc.def", False),
        ("/file", "file", True),
        ("./file", "file", True),
        ("file/", "file", True),
        ("dir/../file", "file", True),
        ("../file", "file", False),
        ("foo", "a/foo", False),
        ("  foo  ", "foo", True),
        ("# foo", "# foo", False),
        (" # foo", "# foo", True),
        (".", "file", False),
        ("/", "file", False),
        ("*", "a/b", True),
        ("exec", "exec-more", False),
        ("日本語", "日本語/x", True),
    ],
)  # fmt: skip
def test_one_pattern(pattern: str, path: str, expected: bool) -> None:
    assert parse_ignore(pattern).ignores(path) is expected


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("*\n!keep", "keep", False),
        ("*\n!keep", "keep/inside", False),
        ("*\n!keep", "other", True),
        ("!keep\n*", "keep", True),
        ("docs\n!docs/README.md", "docs/README.md", False),
        ("docs\n!docs/README.md", "docs/other.md", True),
        ("docs\n!docs/README.md\ndocs/README*", "docs/README.md", True),
        ("**/*.md\n! README.md", "README.md", False),
        ("\ufefffirst\r\nsecond\r\n", "first", True),
        ("\ufefffirst\r\nsecond\r\n", "second", True),
        ("*\n!src\nsrc/*.log", "src/a.log", True),
        ("*\n!src\nsrc/*.log", "src/a.py", False),
        ("", "anything", False),
    ],
)
def test_several_lines(text: str, path: str, expected: bool) -> None:
    assert parse_ignore(text).ignores(path) is expected


@pytest.mark.parametrize(
    "pattern", ["[", "a[", "[]a]", "[-x]", "[x-]", "a\\", "!", "! ", "[a-", "[^]", "[z-a]"]
)
def test_bad_pattern_names_its_line(pattern: str) -> None:
    with pytest.raises(BadPatternError) as caught:
        parse_ignore(f"good\n\n{pattern}\n")
    assert caught.value.line == 2
    assert caught.value.pattern == pattern.strip()


def test_a_folder_is_entered_only_where_an_exception_can_apply() -> None:
    rules = parse_ignore("*\n!src/app/**\n!docs/*")
    assert rules.may_hold_exceptions("src")
    assert rules.may_hold_exceptions("docs")
    assert not rules.may_hold_exceptions("node_modules")
    assert parse_ignore("*\n!**/keep.txt").may_hold_exceptions("node_modules")
    assert not parse_ignore("node_modules").may_hold_exceptions("node_modules")


def test_extra_lines_come_last() -> None:
    rules = parse_ignore("!chart\n", extra=("chart", "draft.toml"))
    assert rules.ignores("chart/Chart.yaml")
    assert rules.ignores("draft.toml")


names = st.text("ab.*?!/\\[]^-# \u00e9", min_size=1, max_size=8)


@given(
    st.lists(names, max_size=6),
    st.lists(st.text("ab.\u00e9", min_size=1, max_size=3), min_size=1, max_size=4),
)
def test_any_text_is_rules_or_a_bad_pattern(lines: list[str], parts: list[str]) -> None:
    try:
        rules = parse_ignore("\n".join(lines))
    except BadPatternError as error:
        assert 0 <= error.line < len(lines)
    else:
        path = "/".join(parts)
        assert isinstance(rules.ignores(path), bool)


@given(st.lists(st.sampled_from(["*", "a", "a/b", "**/b", "!a", "!a/b", "!**/b", "b/**"]), max_size=5))
def test_a_path_below_an_ignored_folder_without_exceptions_is_ignored(lines: list[str]) -> None:
    rules = parse_ignore("\n".join(lines))
    for folder in ("a", "b", "c"):
        if rules.ignores(folder) and not rules.may_hold_exceptions(folder):
            assert rules.ignores(f"{folder}/b")
            assert rules.ignores(f"{folder}/x/y")
