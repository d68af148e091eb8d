"""An app that needs its siblings is told so when it is created: the build context ends at its own folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from draft_ls.files import MemoryTree
from draft_ls.scaffold.siblings import outside_problems

MAVEN_PARENT = (
    "<project><parent><groupId>g</groupId><artifactId>all</artifactId></parent>"
    "<artifactId>web</artifactId></project>"
)
NPM_ROOT = '{"workspaces": ["apps/*", "packages/*"]}'


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"apps/api/package.json": '{"dependencies": {"@a/lib": "workspace:*"}}'}, "@a/lib"),
        (
            {
                "package.json": NPM_ROOT,
                "apps/api/package.json": '{"dependencies": {"express": "4", "lib": "*"}}',
                "packages/lib/package.json": '{"name": "lib"}',
            },
            "lib",
        ),
        ({"apps/api/Cargo.toml": '[dependencies]\nstore = { path = "../store" }\n'}, "../store"),
        ({"apps/api/Cargo.toml": "[dependencies]\naxum.workspace = true\n"}, "axum"),
        ({"apps/api/Cargo.toml": "[dependencies]\naxum = { workspace = true }\n"}, "axum"),
        ({"apps/api/go.mod": "module api\nreplace example.com/lib => ../lib\n"}, "../lib"),
        ({"apps/api/build.gradle.kts": 'dependencies { implementation(project(":lib")) }'}, "lib"),
        ({"apps/api/pyproject.toml": "[tool.uv.sources]\nlib = { workspace = true }\n"}, "lib"),
        ({"apps/api/requirements.txt": "flask\n-e ../lib\n"}, "../lib"),
        (
            {"apps/api/Api.csproj": '<ProjectReference Include="..\\Lib\\Lib.csproj" />'},
            "..\\Lib\\Lib.csproj",
        ),
        ({"apps/api/mix.exs": "{:core, in_umbrella: true}"}, "core"),
        ({"apps/api/project.json": '{"projectType": "application"}'}, "the workspace's package.json"),
        (
            {
                "apps/pom.xml": "<project><artifactId>all</artifactId></project>",
                "apps/api/pom.xml": MAVEN_PARENT,
            },
            "the parent all",
        ),
    ],
)
def test_a_sibling_is_named_at_its_place(files: dict[str, str], named: str) -> None:
    [problem] = outside_problems(MemoryTree(files, Path("/srv/work")), "apps/api")
    assert f"will not find {named}:" in problem.message
    assert 'build_context = "../.."' in problem.fix
    assert problem.place
    assert problem.place.span


@pytest.mark.parametrize(
    "files",
    [
        {"package.json": NPM_ROOT, "apps/api/package.json": '{"dependencies": {"express": "4"}}'},
        {"apps/api/package.json": "{broken"},
        {"apps/api/pom.xml": MAVEN_PARENT},
        {"apps/api/Cargo.toml": '[dependencies]\naxum = "0.7"\nown = { path = "own" }\n'},
        {"apps/api/go.mod": "module api\nreplace example.com/lib => ./lib\n"},
        {"apps/api/requirements.txt": "flask\n-e .\n"},
    ],
)
def test_an_app_that_stands_alone_is_not_bothered(files: dict[str, str]) -> None:
    assert list(outside_problems(MemoryTree(files, Path("/srv/work")), "apps/api")) == []
