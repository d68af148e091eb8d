"""What real tools print, and the place that it names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draft_ls.analysis.frames import Source, find_source

FILES = frozenset(
    {
        "app.py", "shop/views.py", "server.js", "src/index.ts", "main.go", "cmd/web/main.go", "src/main.rs",
        "src/main/java/com/x/App.java", "Program.cs", "app.rb", "Gemfile", "config.ru", "index.php",
        "lib/a.ex", "main.c", "web/src/App.tsx", "requirements.txt",
    }
)  # fmt: skip

CASES = {
    "python traceback": (
        """Traceback (most recent call last):
  File "/usr/local/lib/python3.11/site-packages/gunicorn/arbiter.py", line 609, in spawn_worker
    worker.init_process()
  File "/app/app.py", line 12, in <module>
    from shop.views import index
  File "/app/shop/views.py", line 3, in <module>
    raise RuntimeError("no luck")
  File "/usr/local/lib/python3.11/site-packages/flask/app.py", line 99, in f
    boom()
RuntimeError: no luck""",
        Source("shop/views.py", 2, None, "RuntimeError: no luck"),
    ),
    "python syntax error": (
        """  File "/app/app.py", line 7
    def broken(:
               ^
SyntaxError: invalid syntax""",
        Source("app.py", 6, None, "SyntaxError: invalid syntax"),
    ),
    "node stack": (
        """/app/server.js:10
  throw new Error("no luck");
  ^

Error: no luck
    at boom (/app/node_modules/express/index.js:1:1)
    at Object.<anonymous> (/app/server.js:10:9)
    at Module._compile (node:internal/modules/cjs/loader:1554:14)""",
        Source("server.js", 9, 8, "Error: no luck"),
    ),
    "node syntax error": (
        """file:///app/server.js:4
const = 3;
      ^

SyntaxError: Unexpected token '='""",
        Source("server.js", 3, None, "SyntaxError: Unexpected token '='"),
    ),
    "typescript": (
        "#12 3.456 src/index.ts(3,5): error TS2322: Type 'string' is not assignable to 'number'.",
        Source("src/index.ts", 2, 4, "TS2322: Type 'string' is not assignable to 'number'."),
    ),
    "typescript, pretty": (
        "src/index.ts:3:5 - error TS2322: Type 'string' is not assignable to type 'number'.",
        Source("src/index.ts", 2, 4, "TS2322: Type 'string' is not assignable to type 'number'."),
    ),
    "typescript in a sub-folder": (
        "src/App.tsx(1,1): error TS1005: ';' expected.",
        Source("web/src/App.tsx", 0, 0, "TS1005: ';' expected."),
    ),
    "go build": (
        "#9 1.2 # example.com/app\n#9 1.2 ./main.go:12:2: undefined: prinln",
        Source("main.go", 11, 1, "undefined: prinln"),
    ),
    "go panic": (
        "panic: no luck\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/cmd/web/main.go:7 +0x1d\nexit",
        Source("cmd/web/main.go", 6, None, "no luck"),
    ),
    "go panic, -trimpath": (
        ("panic: no luck\n\ngoroutine 1 [running]:\nruntime.gopanic()\n\truntime/panic.go:884 +0x212\n"
        "main.main()\n\texample.com/shop/cmd/web/main.go:7 +0x1d\nexit status 2"),
        Source("cmd/web/main.go", 6, None, "no luck"),
    ),
    "go, a module that is not required": (
        "main.go:4:2: no required module provides package example.org/x; to add it:\n\tgo get example.org/x",
        Source("main.go", 3, 1, "no required module provides package example.org/x; to add it:"),
    ),
    "rustc": (
        ("error[E0425]: cannot find value `x` in this scope\n --> src/main.rs:3:5\n  |\n3 |     x\n"
        "error: could not compile `x` due to previous error"),
        Source("src/main.rs", 2, 4, "error[E0425]: cannot find value `x` in this scope"),
    ),
    "rust panic": (
        "thread 'main' panicked at src/main.rs:2:5:\nno luck\nnote: run with RUST_BACKTRACE=1",
        Source("src/main.rs", 1, 4, "no luck"),
    ),
    "maven": (
        "[ERROR] /app/src/main/java/com/x/App.java:[5,9] cannot find symbol",
        Source("src/main/java/com/x/App.java", 4, 8, "cannot find symbol"),
    ),
    "javac": (
        "src/main/java/com/x/App.java:5: error: ';' expected",
        Source("src/main/java/com/x/App.java", 4, None, "';' expected"),
    ),
    "java stack": (
        """Exception in thread "main" java.lang.IllegalStateException: no luck
\tat java.base/java.util.Objects.requireNonNull(Objects.java:233)
\tat com.x.App.main(App.java:5)""",
        Source("src/main/java/com/x/App.java", 4, None, "java.lang.IllegalStateException: no luck"),
    ),
    "csc": (
        "/src/Program.cs(3,5): error CS1002: ; expected [/src/app.csproj]",
        Source("Program.cs", 2, 4, "CS1002: ; expected"),
    ),
    "mcs": (
        "/src/Program.cs(4,13): error CS0029: Cannot implicitly convert type `string' to `int'",
        Source("Program.cs", 3, 12, "CS0029: Cannot implicitly convert type `string' to `int'"),
    ),
    ".net stack": (
        """Unhandled exception. System.Exception: no luck
   at Program.<Main>$(String[] args) in /src/Program.cs:line 4""",
        Source("Program.cs", 3, None, "System.Exception: no luck"),
    ),
    "pip, a line that is no requirement": (
        ("ERROR: Invalid requirement: 'flask = 3': Expected end or semicolon\n    flask = 3\n          ^ (from line 1 "
        "of requirements.txt)"),
        Source("requirements.txt", 0, None, "Invalid requirement: 'flask = 3': Expected end or semicolon"),
    ),
    "bundler": (
        ("[!] There was an error parsing `Gemfile`: undefined method `sauce' for #<Bundler::Dsl>. Bundler cannot "
        "continue.\n\n #  from /app/Gemfile:1\n #  ----\n >  sauce 'https://rubygems.org'\n #  ----"),
        Source("Gemfile", 0, None, "undefined method `sauce' for #<Bundler::Dsl>. Bundler cannot continue."),
    ),
    "ruby": (
        "/app/app.rb:3:in `boom': no luck (RuntimeError)\n\tfrom /app/config.ru:1:in `block'",
        Source("app.rb", 2, None, "no luck (RuntimeError)"),
    ),
    "php": (
        "PHP Parse error:  syntax error, unexpected token \"}\" in /app/index.php on line 9",
        Source("index.php", 8, None, 'syntax error, unexpected token "}"'),
    ),
    "php uncaught": (
        "PHP Fatal error:  Uncaught Exception: no luck in /app/index.php:3",
        Source("index.php", 2, None, "Uncaught Exception: no luck"),
    ),
    "php in FPM's log": (
        "NOTICE: PHP message: PHP Parse error:  syntax error, unexpected end of file in /app/index.php on line 9",
        Source("index.php", 8, None, "syntax error, unexpected end of file"),
    ),
    "php in Apache's log": (
        ("[Fri Nov 27 21:00:00.123456 2026] [php:error] [pid 17] [client 10.0.0.1:55] PHP Fatal error:  Uncaught "
        "Exception: no luck in /app/index.php:3\\nStack trace:\\n#0 {main}\\n  thrown in /app/index.php on line 3"),
        Source("index.php", 2, None, "Uncaught Exception: no luck"),
    ),
    "elixir": (
        "** (CompileError) lib/a.ex:3: undefined function foo/0",
        Source("lib/a.ex", 2, None, "undefined function foo/0"),
    ),
    "gcc": (
        "main.c: In function 'main':\nmain.c:3:5: warning: unused\nmain.c:4:1: error: expected ';' before '}'",
        Source("main.c", 3, 0, "expected ';' before '}'"),
    ),
    "coloured": (
        "\x1b[96msrc/index.ts\x1b[0m:\x1b[93m3\x1b[0m:\x1b[93m5\x1b[0m - \x1b[91merror\x1b[0m TS2322: no.",
        Source("src/index.ts", 2, 4, "TS2322: no."),
    ),
}  # fmt: skip

NOTHING = {
    "the runtime's own file": '  File "/usr/local/lib/python3.11/site-packages/flask/app.py", line 5',
    "a file outside the app's folders": '  File "/etc/app.py", line 1',
    "a file that is not there": '  File "/app/gone.py", line 1',
    "a warning": "main.c:3:5: warning: unused variable",
    "a time": "12:30:45 INFO started",
    "a request": '10.0.0.1 - - [23/Nov/2026] "GET /app.py HTTP/1.1" 200',
    "empty": "",
}


@pytest.mark.parametrize("name", CASES)
def test_the_blamed_line(name: str) -> None:
    text, expected = CASES[name]
    assert find_source(text.split("\n"), FILES, module="example.com/shop") == expected


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_of_ours_is_blamed(name: str) -> None:
    assert find_source(NOTHING[name].split("\n"), FILES) is None


def test_the_working_directory_says_whose_file_it_is() -> None:
    lines = ['  File "/service/app.py", line 2', "ValueError: x"]
    assert find_source(lines, FILES) is None
    assert find_source(lines, FILES, ["/service"]) == Source("app.py", 1, None, "ValueError: x")


@given(st.text())
def test_no_log_is_too_odd(text: str) -> None:
    find_source(text.split("\n"), FILES, ["/app"])
