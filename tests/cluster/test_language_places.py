"""What compilers, installers and run times say of the app's own files, caused for real in each language.

First the image cannot be built, then it can and the app crashes. The stand-ins for the base images and the
builders' caches are those of test_packs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from draft_ls.engine.create import plan_create
from draft_ls.engine.events import Outcome
from draft_ls.engine.writing import write
from engine_bench import Bench, bench
from ground import base_images

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from draft_ls.errors import Problem

JAVA = "src/main/java/com/example/App.java"
TYPESCRIPT = {
    "package.json": """\
{
  "name": "typed",
  "engines": {"node": "20"},
  "scripts": {"build": "tsc", "start": "node dist/index.js"},
  "devDependencies": {"@types/node": "20.19.0", "typescript": "5.9.3"}
}
""",
    "tsconfig.json": '{"compilerOptions": {"outDir": "dist", "module": "commonjs", "strict": true}}\n',
    "src/index.ts": """\
import { createServer } from "node:http";

const port: number = process.env.PORT;
createServer((_, response) => response.end("Hello, World!\\n")).listen(port);
""",
}


@dataclass(frozen=True)
class Fault:
    """One change that makes it fail.

    Attributes:
        file, old, new: a stretch of a file, and what is put there.
        blamed: the file and the line, from 1, that are blamed, and words of what is said there.
    """

    file: str
    old: str
    new: str
    blamed: tuple[str, int, str]


@dataclass(frozen=True)
class Language:
    """How a language fails.

    Attributes:
        example: the app.
        build: what no image can be built from.
        crash: what can be built and does not run; none where the app's own files are not what runs.
    """

    example: str
    build: Fault | None
    crash: Fault | None


LANGUAGES = {
    "JavaScript": Language(
        "javascript",
        Fault("package.json", '"^5.1.0"', '"^99.0.0"', ("package.json", 12, "express")),
        Fault("server.js", "const ", 'null.none;\nconst ', ("server.js", 1, "TypeError")),
    ),
    "TypeScript": Language("typescript", Fault("src/index.ts", "", "", ("src/index.ts", 3, "TS2322")), None),
    "Go": Language(
        "go",
        Fault("main.go", "fmt.Fprintln(", "fmt.Printline(", ("main.go", 20, "undefined: fmt.Printline")),
        Fault("main.go", "func main() {\n", 'func main() {\n\tpanic("no luck")\n', ("main.go", 15, "no luck")),
    ),
    "Rust": Language(
        "rust",
        Fault("src/main.rs", "fn main() ", "fn main(x: u8) ", ("src/main.rs", 14, "error[E0580]")),
        Fault("src/main.rs", "let port", 'panic!("no luck");\n    let port', ("src/main.rs", 15, "no luck")),
    ),
    "Java": Language(
        "java",
        Fault(JAVA, "int port = Integer", "int port = Integr", (JAVA, 10, "cannot find symbol")),
        Fault(JAVA, "parseInt(System", 'parseInt("no luck" + System', (JAVA, 10, "no luck")),
    ),
    "Ruby": Language(
        "ruby",
        Fault("Gemfile", "source ", "sauce ", ("Gemfile", 1, "ndefined local variable")),
        Fault("server.rb", "server = ", 'raise "no luck"\nserver = ', ("server.rb", 4, "no luck")),
    ),
    "C++": Language(
        "cpp",
        Fault("src/main.cpp", "listen(server, 16)", "listn(server, 16)", ("src/main.cpp", 19, "listn")),
        None,
    ),
}  # fmt: skip


def blames(problem: Problem, app: Path, fault: Fault) -> bool:
    path, number, said = fault.blamed
    at = f"{app / path}:{number}:" if number else f"{app / path}:"
    return str(problem.place).startswith(at) and said in f"{problem.message} {problem.cause}"


async def told(language: Bench, fault: Fault) -> None:
    """The change fails at the line that is to blame; then it is taken back."""
    good = (language.app / fault.file).read_text()
    text = language.replace(fault.file, fault.old, fault.new) if fault.old else good
    (language.app / fault.file).write_text(text)
    ended = await language.up(watch=False)
    problems = language.status.problems
    assert ended.outcome is Outcome.FAILED
    told_at = [f"{each.place} {each.message} {each.cause}" for each in problems]
    assert any(blames(each, language.app, fault) for each in problems), "\n".join(told_at)
    (language.app / fault.file).write_text(good)


@pytest.fixture
def made(app_folder: Callable[..., Path], tmp_path: Path, namespace: str) -> Callable[[str], Path]:
    """An app with everything that ``create`` writes, and the base images of its Dockerfile."""

    def make(example: str) -> Path:
        if example == "typescript":
            app = tmp_path / example
            for path, text in TYPESCRIPT.items():
                (app / path).parent.mkdir(parents=True, exist_ok=True)
                (app / path).write_text(text)
        else:
            app = app_folder(example)
        write(app, plan_create(app, name=f"example-{example}", namespace=namespace).scaffold.edits)
        base_images(app)
        return app

    return make


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", LANGUAGES)
async def test_the_line_that_a_language_names(name: str, made: Callable[[str], Path], tmp_path: Path) -> None:
    language = LANGUAGES[name]
    async with bench(made(language.example), tmp_path / "state") as app:
        for fault in (language.build, language.crash):
            if fault is not None:
                await told(app, fault)


async def test_an_error_that_php_logs(made: Callable[[str], Path], tmp_path: Path) -> None:
    """PHP reads a file when it is asked for: the app lives on."""
    async with bench(made("php"), tmp_path / "state") as app:
        await app.live()
        index = "public/index.php"
        await app.save(index, "<?php\n\nnone();\n")
        await app.get()
        await app.until(lambda: bool(app.status.problems), "the error is told")
        [problem] = app.status.problems
        assert str(problem.place).startswith(f"{app.app / index}:3:"), problem
        assert "undefined function none()" in problem.cause
