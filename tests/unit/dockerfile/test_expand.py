from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draft_ls.dockerfile.expand import expand

VARIABLES = {"A": "one", "EMPTY": "", "PATH": "/usr/local/bin/tool.tar.gz"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$A", "one"),
        ("${A}x", "onex"),
        ("$Ax", ""),
        ("$A-$A", "one-one"),
        ("${B:-two}", "two"),
        ("${EMPTY:-two}", "two"),
        ("${EMPTY-two}", ""),
        ("${B-two}", "two"),
        ("${A:+two}", "two"),
        ("${EMPTY:+two}", ""),
        ("${EMPTY+two}", "two"),
        ("${B:+two}", ""),
        ("${B:-$A}", "one"),
        ("${B:-${C:-${A}}}", "one"),
        ("${A:?needed}", "one"),
        ("'$A'", "$A"),
        ('"$A"', "one"),
        (r"\$A", "$A"),
        (r'"\$A"', "$A"),
        (r'"a\b"', r"a\b"),
        (r"a\ b", "a b"),
        ("${PATH#*/}", "usr/local/bin/tool.tar.gz"),
        ("${PATH##*/}", "tool.tar.gz"),
        ("${PATH%.*}", "/usr/local/bin/tool.tar"),
        ("${PATH%%.*}", "/usr/local/bin/tool"),
        ("${PATH/bin/sbin}", "/usr/local/sbin/tool.tar.gz"),
        ("${PATH//a/A}", "/usr/locAl/bin/tool.tAr.gz"),
        ("$", "$"),
        ("a$", "a$"),
        ("${", "${"),
        ("${A", "${A"),
        ("${}", "${}"),
        ("$1", ""),
        ("'a", "a"),
    ],
)
def test_expand(text: str, expected: str) -> None:
    assert expand(text, VARIABLES) == expected


def test_other_escape() -> None:
    assert expand("C:\\x`$A", VARIABLES, "`") == "C:\\x$A"


@given(st.text(alphabet="$${}:-+#%/'\"\\AB x*?"))
def test_never_raises(text: str) -> None:
    assert isinstance(expand(text, VARIABLES), str)
