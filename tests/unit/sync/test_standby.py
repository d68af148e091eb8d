"""The lines that an interpreter runs before the app's: what they load in a standby, and that they leave no trace."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from draft_ls.sync import standby

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = Path(standby.__file__).parent
TELL = """
import json, os, sys
names = json.loads(sys.argv[1])
print(json.dumps({
    "loaded": [name for name in names if name in sys.modules],
    "environment": {name: os.environ.get(name) for name in ("PYTHONPATH", "DRAFT_STANDBY")},
    "path": sys.path,
    "open": os.path.exists("/proc/self/fd/9"),
}))
"""
NODE_ENTRY_POINT = """\
#!/bin/sh
set -e

# Run command with node if the first argument contains a "-" or is not a system command.
if [ "${1#-}" != "${1}" ] || [ -z "$(command -v "${1}")" ] || { [ -f "${1}" ] && ! [ -x "${1}" ]; }; then
  set -- node "$@"
fi

exec "$@"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the supervisor puts the lines."""
    made = tmp_path / "lines"
    made.mkdir()
    for name, own in {"python.py": "sitecustomize.py", "node.cjs": "standby.cjs"}.items():
        # Here /proc shows the whole machine, not a container with an app.
        text = (LINES / name).read_text().replace("LARGE = 512 *", "LARGE = 512 * 1024 *")
        (made / own).write_text(text)
    return made


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A folder with an app, and packages beside it."""
    for name, text in {
        "app/app.py": "import own\nimport packaged\nfrom packaged.inner import (\n    deep,\n)\nfrom . import x\n",
        "app/own.py": "raise SystemExit('the app itself was run')\n",
        "site-packages/packaged/__init__.py": "",
        "site-packages/packaged/inner/__init__.py": "",
        "site-packages/packaged/inner/deep.py": "",
        "site-packages/own.py": "",
        "site-packages/broken.py": "raise SystemExit('broken')\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path / "app"


def variables(folder: Path, app: Path, **more: str) -> dict[str, str]:
    path = os.pathsep.join([str(folder), str(app.parent / "site-packages")])
    return {"PATH": os.environ["PATH"], "PYTHONPATH": path, **more}


@contextlib.contextmanager
def stopped(command: list[str], cwd: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process that has stopped itself."""
    open_nine = ["sh", "-c", 'exec "$@" 9</dev/null', "x"]
    process = subprocess.Popen(
        [*open_nine, *command], cwd=cwd, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), "it ended instead of stopping"
        yield process
    finally:
        process.kill()
        process.communicate()


def woken(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGCONT)
    output, _ = process.communicate(timeout=20)
    return output


NAMES = ["packaged", "packaged.inner.deep", "own", "asyncio", "broken"]


def test_a_standby_has_loaded_the_packages_and_nothing_of_the_app(folder: Path, app: Path) -> None:
    command = [sys.executable, "-c", TELL, json.dumps(NAMES)]
    with stopped(command, app, variables(folder, app, DRAFT_STANDBY="1")) as process:
        assert not (folder / "seen").exists()
        told = json.loads(woken(process))
    assert told["loaded"] == ["packaged", "packaged.inner.deep", "asyncio"]
    assert told["environment"] == {"PYTHONPATH": str(app.parent / "site-packages"), "DRAFT_STANDBY": None}
    assert str(folder) not in told["path"]
    assert not told["open"]
    assert (folder / "seen").read_text() == f"{process.pid}\n"


def test_the_app_itself_is_left_alone_but_for_a_mark(folder: Path, app: Path) -> None:
    command = [sys.executable, "-c", TELL, json.dumps(NAMES)]
    process = subprocess.Popen(
        command, cwd=app, env=variables(folder, app), stdout=subprocess.PIPE, text=True
    )
    told = json.loads(process.communicate(timeout=20)[0])
    assert told["loaded"] == []
    assert told["environment"]["PYTHONPATH"] == str(app.parent / "site-packages")
    assert (folder / "seen").read_text() == f"{process.pid}\n"


@pytest.mark.parametrize(
    ("line", "loaded"),
    [
        ("import broken", ["packaged", "packaged.inner.deep", "asyncio"]),
        ("from gevent import monkey", []),
        ("os.environ['MODE'] = 'x'", ["asyncio"]),
        ("load_dotenv()", ["asyncio"]),
        (
            "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'x')",
            ["packaged", "packaged.inner.deep", "asyncio"],
        ),
        ("if os.environ['MODE'] == 'x': pass", ["packaged", "packaged.inner.deep", "asyncio"]),
    ],
)
def test_what_must_come_first_is_not_overtaken(folder: Path, app: Path, line: str, loaded: list[str]) -> None:
    (app / "first.py").write_text(f"{line}\n")
    command = [sys.executable, "-c", TELL, json.dumps(NAMES)]
    with stopped(command, app, variables(folder, app, DRAFT_STANDBY="1")) as process:
        assert json.loads(woken(process))["loaded"] == loaded


def test_a_sitecustomize_of_the_images_own_is_run_as_well(folder: Path, app: Path) -> None:
    (app.parent / "site-packages/sitecustomize.py").write_text("print('the own one')\n")
    done = subprocess.run(
        [sys.executable, "-c", "import sitecustomize; print(sitecustomize.__file__)"],
        cwd=app, env=variables(folder, app), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == f"the own one\n{app.parent / 'site-packages/sitecustomize.py'}\n"
    assert done.stderr == ""


def test_where_nothing_can_be_noted_the_app_runs_as_ever(app: Path, tmp_path: Path) -> None:
    folder = tmp_path / "zipped"
    folder.mkdir()
    shutil.copy(LINES / "python.py", folder / "sitecustomize.py")
    (folder / "seen").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", "print('runs')"],
        cwd=app, env=variables(folder, app), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("runs\n", "")


NODE_TELL = """
const loaded = Object.keys(require.cache).map((each) => each.replace(/.*node_modules\\//, ""));
console.log(JSON.stringify({
  loaded: loaded.filter((each) => each.includes("/index")),
  options: process.env.NODE_OPTIONS,
  standby: process.env.DRAFT_STANDBY,
}));
"""


@pytest.fixture
def node_app(tmp_path: Path) -> Path:
    """A Node app with packages of every kind."""
    app = tmp_path / "node"
    for name, text in {
        "server.js": NODE_TELL,
        "imports.js": 'require("a");\nrequire("./own");\nrequire("module-only");\nrequire("gone");\n',
        "own.js": "",
        "page.mjs": 'import c from "c";\nimport both from "both";\n',
        "node_modules/a/package.json": '{"name": "a", "main": "index.js"}',
        "node_modules/a/index.js": "",
        "node_modules/c/index.js": "",
        "node_modules/both/package.json": '{"exports": {"import": "./index.mjs", "require": "./index.js"}}',
        "node_modules/both/index.js": "",
        "node_modules/both/index.mjs": "",
        "node_modules/module-only/package.json": '{"type": "module", "main": "index.js"}',
        "node_modules/module-only/index.js": "",
    }.items():
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text(text)
    return app


def test_a_standby_of_node_has_loaded_what_require_would(folder: Path, node_app: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "NODE_OPTIONS": f"--no-warnings --require {folder}/standby.cjs",
        "DRAFT_STANDBY": "1",
    }
    with stopped(["node", "server.js"], node_app, environment) as process:
        told = json.loads(woken(process))
    assert sorted(told["loaded"]) == ["a/index.js", "c/index.js"]
    assert told["options"] == "--no-warnings"
    assert "standby" not in told
    assert (folder / "seen").read_text() == f"{process.pid}\n"


def test_node_itself_is_left_alone_but_for_a_mark(folder: Path, node_app: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "NODE_OPTIONS": f"--require {folder}/standby.cjs"}
    process = subprocess.Popen(
        ["node", "server.js"], cwd=node_app, env=environment, stdout=subprocess.PIPE, text=True
    )
    told = json.loads(process.communicate(timeout=20)[0])
    assert told == {"loaded": []}
    assert (folder / "seen").read_text() == f"{process.pid}\n"


@pytest.mark.parametrize(
    ("command", "language"),
    [
        (["gunicorn", "app:app"], "python"),
        (["/opt/venv/bin/python3.12", "-m", "app"], "python"),
        (["/bin/sh", "-c", "exec gunicorn --bind 0.0.0.0:$PORT app:app"], "python"),
        (["/bin/sh", "-c", "python manage.py migrate && gunicorn app:app"], ""),
        (["/bin/sh", "-c", "gunicorn $(cat options)"], ""),
        (["/bin/sh", "start.sh"], ""),
        (["./start.sh", "gunicorn"], ""),
        (["tini", "--", "gunicorn", "app:app"], ""),
        (["node", "server.js"], "node"),
        (["npm", "start"], "node"),
        (["docker-entrypoint.sh", "node", "server.js"], "node"),
        (["docker-entrypoint.sh", "sh", "-c", "migrate; node server.js"], ""),
        (["own/docker-entrypoint.sh", "node", "server.js"], ""),
        (["gone/docker-entrypoint.sh", "node", "server.js"], ""),
        (["nginx", "-g", "daemon off;"], ""),
    ],
)
@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_only_what_runs_nothing_before_the_interpreter_is_run_ahead(
    tmp_path: Path, shell: str, command: list[str], language: str
) -> None:
    (tmp_path / "own").mkdir()
    for name, text in {
        "docker-entrypoint.sh": NODE_ENTRY_POINT,
        "own/docker-entrypoint.sh": NODE_ENTRY_POINT.replace("exec", "migrate\nexec"),
    }.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    script = f'{standby.LANGUAGE}tell_language "$@"\necho "$language"\n'
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(
        [shell, "-c", script, "x", *command],
        cwd=tmp_path, env={"PATH": path}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (f"{language}\n", "")


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_a_folder_that_is_not_ours_leaves_the_app_as_it_is(tmp_path: Path, shell: str) -> None:
    (tmp_path / "mark").mkdir()
    script = standby.SET_UP.replace(standby.FOLDER, str(tmp_path)) + 'echo "<$language$PYTHONPATH>"\n'
    done = subprocess.run(
        [shell, "-c", script, "x", "gunicorn", "app:app"],
        env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("<>\n", "")
