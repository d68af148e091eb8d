"""Members of workspaces: built from the workspace's root, with what they need of it and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from draft_ls.analysis.app import problems_of_app
from draft_ls.analysis.context import Memory, read_context
from draft_ls.config.read import parse
from draft_ls.detect.detect import detect
from draft_ls.engine.create import Creation, plan_create
from draft_ls.engine.update import plan as plan_update
from draft_ls.engine.writing import write
from draft_ls.files import MemoryTree, OverlayTree
from draft_ls.scaffold.model import Action
from tests.unit.detect.table import Sample, samples
from tests.unit.scaffold.workspaces import NPM_MEMBERS, NPM_ROOT, WORKSPACES, package

ROOT = Path("/srv/shop")

EXPECTED = {
    "npm": (
        ("packages/base", "packages/ui", "apps/web"),
        ("RUN npm ci --omit=dev && npm cache clean --force", "WORKDIR /app/apps/web", 'CMD ["node", "server.js"]'),
    ),
    "pnpm": (
        ("packages/base", "packages/ui", "apps/web"),
        (
            "&& npm install --global pnpm@9.12.0",
            "package.json pnpm-workspace.yaml pnpm-lock.yaml ./",
            "RUN pnpm install --frozen-lockfile --prod",
        ),
    ),
    "yarn 1": (
        ("packages/base", "packages/ui", "apps/web"),
        ("RUN yarn install --frozen-lockfile --production && yarn cache clean",),
    ),
    "yarn 4": (
        ("packages/base", "packages/ui", "apps/web"),
        ("RUN yarn workspaces focus --production web && yarn cache clean --all",),
    ),
    "bun": (
        ("packages/base", "packages/ui", "apps/web"),
        ("COPY packages/other/package.json packages/other/", "RUN bun install --frozen-lockfile"),
    ),
    "nx": (
        (),
        (
            "COPY . .",
            "RUN npx nx build api \\\n    && npm prune --omit=dev",
            "COPY --from=build --chown=1000:1000 /app/node_modules ./node_modules",
            "COPY --from=build --chown=1000:1000 /app/dist/apps/api ./dist/apps/api",
            'CMD ["node", "dist/apps/api/main.js"]',
        ),
    ),
    "angular": (
        (),
        (
            "RUN npx ng build shop\n",
            "COPY projects/shop/nginx.conf /etc/nginx/conf.d/default.conf",
            "COPY --from=build /app/dist/shop/browser /usr/share/nginx/html",
        ),
    ),
    "go.work": (
        ("libs/greeting", "apps/api"),
        ("COPY go.work /src/", "COPY libs/other/go.mod /src/libs/other/", "WORKDIR /src/apps/api"),
    ),
    "go replace": (("libs/greeting", "apps/api"), ("RUN go mod download", "COPY libs/greeting/ /src/libs/greeting/")),
    "go program": ((), ("COPY go.mod /src/", "COPY . /src/", "WORKDIR /src/cmd/api")),
    "cargo": (("crates/store", "crates/api"), ("RUN cargo build --release --locked --package api",)),
    "cargo path": (("store", "api"), ("--manifest-path api/Cargo.toml --target-dir target",)),
    "maven": (
        ("store", "api"),
        ("COPY other/pom.xml other/", "RUN mvn -B -pl api -am -DskipTests package", "find api/target"),
    ),
    "maven parent": (("api",), ("COPY pom.xml ./", "RUN mvn -B -f api/pom.xml -DskipTests package")),
    "gradle": (
        ("libs/store", "apps/api"),
        (
            "COPY gradle/ gradle/",
            "COPY libs/other/build.gradle.kts libs/other/",
            "RUN sh ./gradlew --no-daemon :apps:api:installDist",
            "&& mv apps/api/build/install/api /out",
        ),
    ),
    "uv": (
        ("packages/store", "apps/api"),
        (
            "RUN uv sync --locked --no-dev --no-install-workspace --package shop-api",
            "ENV PYTHONPATH=/app/apps/api:/app/packages/store/src",
            "WORKDIR /app/apps/api",
        ),
    ),
    "pip": (
        ("libs/base", "libs/store", "services/api"),
        (
            "COPY --chown=10001:10001 libs/store/ /app/libs/store/\nCOPY services/api/requirements.txt ./\n",
            "COPY services/api/requirements.txt ./\nRUN pip install --no-cache-dir -r requirements.txt",
            "ENV PYTHONPATH=/app/services/api:/app/libs/store/src:/app/libs/base",
            "WORKDIR /app/services/api",
        ),
    ),
    "poetry": (
        ("libs/base", "libs/store", "services/api"),
        (
            "COPY libs/store/pyproject.toml /app/libs/store/",
            "poetry install --only main --no-root --no-directory",
            "COPY --chown=10001:10001 libs/base/ /app/libs/base/",
            "ENV PYTHONPATH=/app/services/api:/app/libs/store/src:/app/libs/base",
        ),
    ),
    "pipenv": (
        ("libs/base", "libs/store", "services/api"),
        (
            "COPY libs/store/ /app/libs/store/",
            "COPY services/api/Pipfile services/api/Pipfile.lock ./\nRUN pipenv sync",
        ),
    ),
    "uv path": (
        ("libs/base", "libs/store", "services/api"),
        ("COPY libs/store/ /app/libs/store/", "COPY services/api/pyproject.toml services/api/uv.lock ./"),
    ),
    "umbrella": (
        ("apps/shop", "apps/shop_web"),
        (
            "COPY mix.lock /src/\nCOPY config/ /src/config/\nCOPY apps/shop/mix.exs /src/apps/shop/",
            "RUN mix deps.get --only prod && mix deps.compile --skip-local-deps",
            "COPY apps/shop/ /src/apps/shop/",
            "WORKDIR /src/apps/shop_web",
        ),
    ),
    "mix path": (("libs/store", "services/web"), ("COPY libs/store/ /src/libs/store/", "RUN mix release --path /out")),
    "gem": (
        ("gems/billing", "services/web"),
        (
            "WORKDIR /app/services/web",
            "COPY gems/billing/ /app/gems/billing/\nCOPY services/web/Gemfile services/web/Gemfile.lock ./",
            "COPY services/web/ .",
        ),
    ),
    "composer": (
        ("packages/base", "packages/store", "apps/site"),
        (
            "ENV COMPOSER_MIRROR_PATH_REPOS=1",
            "COPY packages/store/ /app/packages/store/\nCOPY apps/site/composer.json apps/site/composer.lock ./",
            "COPY --from=packages --chown=33:33 /app/apps/site/vendor vendor/",
        ),
    ),
    "dart": (("shared", "server"), ("COPY shared/pubspec.yaml /src/shared/", "COPY shared/ /src/shared/")),
    "swift": (("Shared", "Server"), ("COPY Shared/Package.swift /src/Shared/", "WORKDIR /src/Server")),
    "dotnet": (
        ("src/Store", "src/Api"),
        ("COPY Directory.Build.props ./", "COPY src/Store/Store.csproj src/Store/", "publish src/Api/Api.csproj"),
    ),
}  # fmt: skip
"""Workspace → the folders that the build needs, and what its Dockerfile says."""


def tree_of(app: str, files: dict[str, str]) -> MemoryTree:
    """The member's own folder, with the rest of the repository around it."""
    up = "/".join([".."] * (app.count("/") + 1))
    placed = {
        path.removeprefix(f"{app}/") if path.startswith(f"{app}/") else f"{up}/{path}": text
        for path, text in {".git/HEAD": "", **files}.items()
    }
    return MemoryTree(placed, ROOT / app)


def created(name: str) -> tuple[Creation, OverlayTree]:
    tree = tree_of(*WORKSPACES[name])
    creation = plan_create(tree.root, tree=tree, answers={"cache_mounts": "false"})
    return creation, OverlayTree(tree, {each.path: each.text for each in creation.scaffold.edits})


def text_of(creation: Creation, path: str) -> str:
    return next((each.text for each in creation.scaffold.edits if each.path == path), "")


def test_every_kind_has_an_expectation() -> None:
    assert WORKSPACES.keys() == EXPECTED.keys()


@pytest.mark.parametrize("name", WORKSPACES)
def test_a_member_is_built_from_its_workspace(name: str) -> None:
    creation, tree = created(name)
    app = WORKSPACES[name][0]
    assert creation.problems == ()
    config = parse(text_of(creation, "draft.toml"), tree.root / "draft.toml")
    context = config.environments["development"].build_context
    folders, lines = EXPECTED[name]
    details = creation.scaffold.detection.details
    assert details["member_folders"] == folders
    root = tree.root.joinpath(*context.split("/")).resolve()
    assert root / str(details["member"]) == ROOT / app
    dockerfile = text_of(creation, "Dockerfile")
    for line in lines:
        assert line in dockerfile
    assert text_of(creation, ".dockerignore") == ""
    assert problems_of_app(tree) == ()


@pytest.mark.parametrize("name", [name for name in WORKSPACES if EXPECTED[name][0]])
def test_only_what_is_needed_goes_into_the_build(name: str) -> None:
    creation, tree = created(name)
    details = creation.scaffold.detection.details
    levels = str(details["build_context"]).count("..")
    above = tree.above(levels)
    files = read_context(above, f"{details['member']}/Dockerfile", Memory()).files
    folders = tuple(f"{each}/" for each in EXPECTED[name][0])
    outside = {path for path in files if not path.startswith(folders)}
    known: set[str] = set()
    for key in ("root_manifests", "root_sources", "member_manifests"):
        value = details[key]
        assert isinstance(value, tuple)
        known |= set(value)
    assert all(
        path in known or any(path.startswith(each) for each in known if each[-1] == "/") for path in outside
    )
    names = {PurePosixPath(path).name for path in files}
    assert not names & {"draft.toml", "Dockerfile", "values.yaml", "origin.json"}


def test_every_dockerfile_is_clean(tmp_path: Path) -> None:
    for name in WORKSPACES:
        (tmp_path / f"{name.replace(' ', '-')}.Dockerfile").write_text(
            text_of(created(name)[0], "Dockerfile")
        )
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, *tmp_path.iterdir()], capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert done.returncode == 0


PARTS_OF_JVM_BUILDS = [
    (sample, app.path, app.build.value)
    for sample in samples()
    if any(path.endswith(("gradlew", "mvnw")) for path in sample.files)
    for app in detect(sample.tree)
    if app.path and app.build and app.package_manager and app.package_manager.value in {"gradle", "maven"}
]


@pytest.mark.parametrize(
    ("sample", "app", "build"), PARTS_OF_JVM_BUILDS, ids=lambda value: getattr(value, "name", "")
)
def test_the_wrapper_that_is_said_to_build_an_app_is_what_its_dockerfile_runs(
    sample: Sample, app: str, build: str
) -> None:
    tree = tree_of(app, sample.files)
    dockerfile = text_of(plan_create(tree.root, tree=tree), "Dockerfile")
    program = build.partition(" ")[0]
    assert re.search(rf"(?:sh |^RUN (?:--mount\S+ )?){re.escape(program)} ", dockerfile, re.MULTILINE)
    assert ("-jdk AS build" in dockerfile) == program.startswith("./")


def test_some_apps_are_built_by_a_wrapper_above_them_and_some_are_not() -> None:
    assert {build.partition(" ")[0] for _, _, build in PARTS_OF_JVM_BUILDS} == {"./gradlew", "./mvnw", "mvn"}


def npm(**files: str) -> str:
    """The Dockerfile of the npm workspace's member, with other files."""
    tree = tree_of("apps/web", {**NPM_MEMBERS, "package.json": NPM_ROOT, "package-lock.json": "{}", **files})
    creation = plan_create(tree.root, tree=tree)
    return text_of(creation, "Dockerfile")


def test_a_tool_that_a_platform_calls_runs_in_the_member() -> None:
    dockerfile = npm(
        **{
            "apps/web/package.json": package(
                "web", dependencies={"@shop/ui": "*"}, devDependencies={"vite": "5"}
            ),
            "apps/web/index.html": "",
            "apps/web/vercel.json": '{"buildCommand": "npx vite build --mode staging"}',
        }
    )
    assert "RUN npm exec --workspace=web -- vite build --mode staging\n" in dockerfile


def test_siblings_are_built_before_the_app() -> None:
    dockerfile = npm(
        **{
            "packages/base/package.json": package("@shop/base", scripts={"build": "tsc"}),
            "packages/ui/package.json": package(
                "@shop/ui", scripts={"build": "tsc"}, devDependencies={"@shop/base": "*"}
            ),
            "apps/web/package.json": package(
                "web",
                scripts={"build": "tsc", "start": "node server.js"},
                dependencies={"@shop/ui": "*", "express": "4"},
            ),
            "tsconfig.base.json": "{}",
        }
    )
    assert "COPY tsconfig.base.json ./\nCOPY packages/base/ packages/base/\n" in dockerfile
    assert (
        "RUN npm run build --workspace=@shop/base && npm run build --workspace=@shop/ui "
        "&& npm run build --workspace=web \\\n    && npm prune --omit=dev\n"
    ) in dockerfile
    assert "COPY --from=build --chown=1000:1000 /app ./\nWORKDIR /app/apps/web\n" in dockerfile


def test_scripts_that_run_on_install_wait_for_their_sources() -> None:
    dockerfile = npm(
        **{
            "package.json": package(
                "shop", private=True, workspaces=["apps/*", "packages/*"], scripts={"prepare": "husky"}
            ),
            "packages/base/package.json": package("@shop/base", scripts={"postinstall": "prisma generate"}),
        }
    )
    assert (
        "RUN npm pkg delete scripts.prepare \\\n"
        "    && npm pkg delete --prefix=packages/base scripts.postinstall \\\n    && npm ci\n"
    ) in dockerfile
    assert "RUN npm run postinstall --workspace=@shop/base \\\n" in dockerfile


def test_a_member_that_needs_no_sibling_needs_the_lock_file_of_the_root() -> None:
    alone = {"apps/web/package.json": package("web", scripts={"start": "node server.js"})}
    assert "COPY --chown=1000:1000 package.json package-lock.json ./\n" in npm(**alone)
    with_lock = npm(**alone, **{"apps/web/package-lock.json": "{}"})
    assert "COPY package.json package-lock.json ./\n" in with_lock
    assert "WORKDIR /app\n" in with_lock


def test_a_front_end_of_plain_files_is_served_from_its_folder() -> None:
    dockerfile = npm(
        **{
            "apps/web/package.json": package(
                "web",
                scripts={"build": "vite build"},
                dependencies={"@shop/ui": "*"},
                devDependencies={"vite": "5"},
            ),
            "apps/web/index.html": "",
        }
    )
    assert "COPY apps/web/nginx.conf /etc/nginx/conf.d/default.conf\n" in dockerfile
    assert "COPY --from=build /app/apps/web/dist /usr/share/nginx/html\n" in dockerfile


def test_a_standalone_next_app_keeps_the_workspaces_layout() -> None:
    dockerfile = npm(
        **{
            "apps/web/package.json": package(
                "web", scripts={"build": "next build"}, dependencies={"@shop/ui": "*", "next": "15"}
            ),
            "apps/web/next.config.mjs": 'export default { output: "standalone" }\n',
        }
    )
    copies = [
        line.split()[-2:] for line in dockerfile.rpartition("\nFROM ")[2].splitlines() if "COPY" in line
    ]
    assert copies == [
        ["/app/apps/web/.next/standalone", "./"],
        ["/app/apps/web/.next/static", "./apps/web/.next/static"],
    ]
    assert "WORKDIR /app/apps/web\n\nUSER 1000\n" in dockerfile


def test_outside_of_a_repository_and_a_workspace_the_folder_is_all(tmp_path: Path) -> None:
    app, files = WORKSPACES["go replace"]
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    creation = plan_create(tmp_path / app)
    assert "build_context" not in text_of(creation, "draft.toml")


def test_a_pack_that_knows_no_members_builds_from_the_apps_folder(tmp_path: Path) -> None:
    app, files = WORKSPACES["npm"]
    own = {
        ".git/HEAD": "",
        ".draft/packs/own/pack.toml": 'extends = "javascript"\npriority = 90\n\n[[detect]]\nfile = "package.json"\n',
        ".draft/packs/own/Dockerfile.j2": "FROM node:22-slim\nCOPY . .\nCMD {{ start | to_json }}\n",
    }
    for path, text in {**files, **own}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    creation = plan_create(tmp_path / app, pack="own")
    assert "build_context" not in text_of(creation, "draft.toml")
    [problem] = [each for each in creation.problems if each.code == "outside-context"]
    assert 'build_context = "../.."' in problem.fix


@pytest.mark.parametrize(("build_context", "member"), [(".", ""), ("../..", "apps/web"), ("..", "")])
def test_a_draft_toml_that_is_there_has_the_last_word(build_context: str, member: str) -> None:
    app, files = WORKSPACES["npm"]
    config = f'[environments.development]\nbuild_context = "{build_context}"\n'
    tree = tree_of(app, {**files, f"{app}/draft.toml": config})
    creation = plan_create(tree.root, tree=tree)
    assert creation.scaffold.detection.details.get("member", "") == member
    assert bool(creation.problems) is not bool(member)


def test_an_update_brings_a_new_sibling(tmp_path: Path) -> None:
    app, files = WORKSPACES["npm"]
    for path, text in {".git/HEAD": "", **files}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    write(tmp_path / app, plan_create(tmp_path / app).scaffold.edits)
    assert [
        each.path for each in plan_update(tmp_path / app).scaffold.edits if each.action is not Action.KEEP
    ] == []
    manifest = tmp_path / "packages/ui/package.json"
    manifest.write_text(package("@shop/ui", main="index.js", dependencies={"@shop/base": "*", "other": "*"}))
    changed = {
        each.path: each.text
        for each in plan_update(tmp_path / app).scaffold.edits
        if each.action is Action.REPLACE
    }
    assert changed.keys() == {"Dockerfile", "Dockerfile.dockerignore", ".draft/origin.json"}
    assert "packages/other/ packages/other/\n" in changed["Dockerfile"]
    assert "!packages/other\n" in changed["Dockerfile.dockerignore"]
