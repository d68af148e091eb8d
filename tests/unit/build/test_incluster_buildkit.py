"""What the builder's script does with BuildKit: how it calls it, and what becomes of its faults."""

from __future__ import annotations

import asyncio
import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from builder_script import SHELLS, Ground
from draft_ls.build.context import ContextReader
from draft_ls.build.incluster.upload import Uploader

if TYPE_CHECKING:
    from pathlib import Path

BUILDCTL = """#!/bin/sh
folder=${0%/bin/*}
[ "$3" = build ] || { [ -e "$folder/running" ]; exit; }
cat "$folder/fault" 2>/dev/null && exit 1
{ for each; do echo "$each"; done; cat "$DOCKER_CONFIG/config.json"; } >"$folder/call"
while [ $# -gt 1 ]; do
  case $1 in
    --metadata-file) printf '{\\n  "containerimage.config.digest": "sha256:abc",\\n  "containerimage.digest": "sha256:def"\\n}\\n' >"$2" ;;
    --local) [ "${2%%=*}" != context ] || cp "${2#*=}/note" "$folder/built" ;;
  esac
  shift
done
"""  # noqa: E501

SETTINGS = """alias localhost:5001 kind-registry:5000
mirror docker.io images.example.com/docker
mirror docker.io second.example.com
insecure kind-registry:5000
insecure images.example.com
"""

DAEMON = """#!/bin/sh
folder=${0%/bin/*} running=${0%/bin/*}/running
mkdir "$folder/data/builds/sha256:old.1" "$folder/data/builds/sha256:new.2"
touch -d @1 "$folder/data/builds/sha256:old.1"
touch "$running"
while [ -e "$running" ]; do sleep 0.05; done
"""


@pytest.fixture(params=SHELLS)
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Ground:
    ground = Ground(tmp_path / "builder", request.param, "buildkit")
    ground.program("buildctl", BUILDCTL)
    ground.program("rootlesskit", '#!/bin/sh\nexec "$@"\n')
    ground.program("id", "#!/bin/sh\necho 1000\n")
    (ground.folder / "settings/registries").write_text(SETTINGS)
    return ground


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "note").write_text("as it was\n")
    return folder


def kept(ground: Ground) -> list[str]:
    """The images that are built and not pushed."""
    return [each.name.partition(".")[0] for each in (ground.folder / "data/builds").iterdir()]


def call(ground: Ground) -> list[str]:
    return (ground.folder / "call").read_text().splitlines()


async def build(ground: Ground, app: Path, *words: str) -> tuple[int, str]:
    """Build an app: how it ended, and what was printed and answered."""
    said: list[str] = []
    async with ground.talk("x") as talk:
        await Uploader().bring(talk, "x", ContextReader(app).read())
        await talk.send("file Dockerfile 13", b"FROM scratch\n")
        await talk.send("file auth.json 9", b'{"of": 1}')
        talk.on_output = said.append
        options = " ".join(("--tag=draft/x", *words)).encode()
        await talk.send(f"build {len(options)}", options)
        code, _ = await talk.outcome(lambda answer: said.append(" ".join(answer)))
    return code, "".join(said)


async def ask(ground: Ground, verb: str, words: str) -> tuple[int, str]:
    said: list[str] = []
    async with ground.run(verb) as talk:
        await talk.send("file auth.json 9", b'{"of": 2}')
        talk.on_output = said.append
        await talk.send(f"{verb} {len(words)}", words.encode())
        code, _ = await talk.outcome(lambda answer: said.append(" ".join(answer)))
    return code, "".join(said)


async def test_an_image_is_built_from_its_own_copy_and_pushed_from_it(ground: Ground, app: Path) -> None:
    code, said = await build(
        ground, app, "'--build-arg=WHO=a, b'", "--label=dev.x=y", "--platform=linux/amd64"
    )
    assert (code, said) == (0, "buildingbuilt sha256:abc")
    words = call(ground)
    assert {"build-arg:WHO=a, b", "label:dev.x=y", "platform=linux/amd64"} <= set(words)
    assert "type=image" in words
    assert words[-1] == '{"of": 1}'
    assert not any("--tag" in word for word in words)
    (app / "note").write_text("changed since\n")
    (ground.folder / "built").unlink()

    code, said = await ask(ground, "push", "sha256:abc localhost:5001/app:one localhost:5001/app:two")
    assert (code, said) == (0, "pushed sha256:def")
    words = call(ground)
    assert 'type=image,push=true,"name=kind-registry:5000/app:one,kind-registry:5000/app:two"' in words
    assert {"build-arg:WHO=a, b", "label:dev.x=y", "platform=linux/amd64"} <= set(words)
    assert words[-1] == '{"of": 2}'
    assert (ground.folder / "built").read_text() == "as it was\n"
    for name in ("data/builds", "data/jobs", "data/line", "run"):
        assert list((ground.folder / name).iterdir()) == []


async def test_equal_images_that_two_have_built_are_pushed_by_each(ground: Ground, app: Path) -> None:
    for _ in range(2):
        assert (await build(ground, app))[0] == 0
    assert kept(ground) == ["sha256:abc", "sha256:abc"]
    for _ in range(2):
        assert (await ask(ground, "push", "sha256:abc r/app:x"))[0] == 0
    code, said = await ask(ground, "push", "sha256:abc r/app:x")
    assert code == 1
    assert said == "error: what it was built from is not there any more\n"
    assert (await ask(ground, "inspect", "sha256:abc"))[0] == 1


async def test_proxies_reach_the_steps(ground: Ground, app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    await build(ground, app)
    assert "build-arg:HTTPS_PROXY=http://proxy.example.com:3128" in call(ground)


@pytest.mark.parametrize("verb", ["build", "push"])
async def test_what_buildctl_says_when_it_fails_is_the_output(ground: Ground, app: Path, verb: str) -> None:
    await build(ground, app)
    (ground.folder / "fault").write_text("error: failed to solve: no way\n")
    code, said = await (build(ground, app) if verb == "build" else ask(ground, "push", "sha256:abc r/app:x"))
    assert code == 1
    assert "error: failed to solve: no way" in said
    assert "built" not in said
    assert len(kept(ground)) == (1 if verb == "build" else 0)
    assert list((ground.folder / "run").iterdir()) == []


async def test_a_daemon_that_cannot_start_ends_the_pod_with_its_reason(ground: Ground) -> None:
    ground.program("buildkitd", "#!/bin/sh\necho no user namespaces here >&2; exit 1\n")
    serving = await ground.start("serve")
    _, said = await serving.communicate()
    assert serving.returncode == 1
    assert b"no user namespaces here" in said
    assert said.endswith(b"buildkitd cannot work here\n")
    assert not (ground.folder / "run/ready").exists()


@pytest.mark.parametrize(
    ("size", "bytes_of_it"),
    [("3", 3 * 2**30), ("3Gi", 3 * 2**30), ("200Mi", 200 * 2**20), ("9Ki", 9 * 2**10)],
)
async def test_a_daemon_gets_the_settings_and_its_end_is_that_of_the_pod(
    ground: Ground, size: str, bytes_of_it: int
) -> None:
    ground.program("buildkitd", DAEMON)
    old, fresh = (ground.folder / "data/builds" / name for name in ("sha256:old.1", "sha256:new.2"))
    serving = await ground.start("serve", DRAFT_COLLECT_ABOVE=size, STORAGE_DRIVER="vfs")
    async with asyncio.timeout(20):
        while not (ground.folder / "run/ready").exists() or old.exists() or not fresh.exists():
            await asyncio.sleep(0.02)
    settings: dict[str, Any] = tomllib.loads((ground.folder / "run/buildkitd.toml").read_text())
    worker = settings["worker"]["oci"]
    assert worker["noProcessSandbox"] is True
    assert worker["binary"] == str(ground.folder / "settings/runc.sh")
    assert worker["snapshotter"] == "native"
    assert worker["gcpolicy"][1]["maxUsedSpace"] == worker["gcpolicy"][1]["keepBytes"] == bytes_of_it
    plain = {"http": True, "insecure": True}
    assert settings["registry"] == {
        "localhost:5001": {"mirrors": ["kind-registry:5000"]},
        "docker.io": {"mirrors": ["images.example.com/docker", "second.example.com"]},
        "kind-registry:5000": plain,
        "images.example.com": plain,
    }
    (ground.folder / "running").unlink()
    _, said = await asyncio.wait_for(serving.communicate(), 20)
    assert b"buildkitd has ended" in said
    assert serving.returncode == 1


async def test_what_an_image_says_is_read_from_its_archive(ground: Ground, app: Path) -> None:
    await build(ground, app)
    inner = ground.folder / "archive/blobs/sha256"
    inner.mkdir(parents=True)
    (inner / "abc").write_text('{"config": {"User": "me"}}')
    ground.program(
        "buildctl",
        "#!/bin/sh\nfor each; do case $each in type=oci,dest=*) "
        f'tar -c -f "${{each#*dest=}}" -C "{ground.folder}/archive" blobs ;; esac; done\n',
    )
    code, said = await ask(ground, "inspect", "sha256:abc")
    assert code == 0
    assert json.loads(said) == {"Docker": {"config": {"User": "me"}}}
    assert kept(ground) == ["sha256:abc"]
