from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draft_ls.analysis.syntax import syntax_problem
from draft_ls.errors import Position

SOUND = {
    "app.py": "def f(x: int) -> int:\n    match x:\n        case 1: return 2\n    return 3\n",
    "new.py": "type X = int\ndef f[T](x: T) -> T:\n    return x\n",
    "a.json": '{"a": [1, 2]}',
    "tsconfig.json": "{ // a comment\n}",
    "a.toml": "[a]\r\nb = 1\r\n",
    "a.js": "const a = async () => { await import('x'); }; class A { #b = 1; static { } }\n",
    "a.jsx": "export const A = () => <div>{x?.y ?? 1}</div>;\n",
    "flow.js": "// @flow\nfunction f(x: number): string { return ''; }\n",
    "a.ts": "export const a = <T,>(x: T): T => x satisfies unknown;\nenum B { C = 1 }\n",
    "a.tsx": "export const A = ({ x }: { x: string }) => <p>{x}</p>;\n",
    "a.txt": "def (",
    "empty.py": "",
}

BROKEN = {
    "app.py": ("def f(:\n    pass\n", 0),
    "indent.py": ("x = 1\nif x:\nprint(2)\n", 2),
    "a.json": ('{"a": 1,\n  "b" 2}', 1),
    "a.toml": ("[a]\nb = \n", 1),
    "a.js": ("const a = 1;\nfunction f( { return 1; }\n", 1),
    "a.ts": ("const a: = 1;\n", 0),
    "a.tsx": ("const A = () => <p>;\n", 0),
}


@pytest.mark.parametrize("name", SOUND)
def test_sound_text_is_let_through(name: str) -> None:
    assert syntax_problem(Path("/app") / name, SOUND[name]) is None


@pytest.mark.parametrize("name", BROKEN)
def test_broken_text_is_placed(name: str) -> None:
    text, line = BROKEN[name]
    problem = syntax_problem(Path("/app") / name, text)
    assert problem is not None
    assert problem.place is not None
    assert problem.place.span is not None
    assert problem.place.span.start.line == line


def test_columns_count_characters_not_bytes() -> None:
    problem = syntax_problem(Path("/a.js"), 'const ä = "ö"; )\n')
    assert problem is not None
    assert problem.place is not None
    assert problem.place.span is not None
    assert problem.place.span.start == Position(0, 15)


@given(st.sampled_from(sorted(BROKEN)), st.text())
def test_no_text_is_too_odd(name: str, text: str) -> None:
    syntax_problem(Path("/app") / name, text)
