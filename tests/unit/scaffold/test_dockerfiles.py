"""What a reviewer looks for in a Dockerfile, ecosystem by ecosystem: what runs holds what it needs, and no more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from draft_ls.detect.detect import detect
from draft_ls.engine.packs import available_packs
from draft_ls.files import MemoryTree
from draft_ls.scaffold.scaffold import scaffold

PACKS = available_packs(trusted=False)

FLASK = "from flask import Flask\napp = Flask(__name__)\n"
COMPILED = {"scripts": {"build": "tsc", "start": "node dist/main.js"}, "dependencies": {"koa": "2"}}
GO_MAIN = 'package main\n\n{}\nfunc main() {{\n\tload("templates/page.html")\n\thttp.ListenAndServe(":8080", nil)\n}}\n'


def package(**values: Any) -> str:
    return json.dumps({**COMPILED, **values})


def written(files: dict[str, str], path: str = "Dockerfile") -> str:
    tree = MemoryTree(files, Path("/srv/sample"))
    [app] = detect(tree)
    plan = scaffold(tree, app, PACKS.packs[app.pack], answers={"cache_mounts": False})
    return next(edit.text for edit in plan.edits if edit.path == path)


@pytest.mark.parametrize(
    ("files", "line"),
    [
        ({"package.json": package(), "package-lock.json": "{}"}, "&& npm prune --omit=dev"),
        (
            {"package.json": package(), "pnpm-lock.yaml": ""},
            "&& pnpm prune --prod --ignore-scripts",
        ),
        (
            {"package.json": package(), "yarn.lock": "# yarn lockfile v1\n"},
            "&& yarn install --frozen-lockfile --production --ignore-scripts --prefer-offline",
        ),
        (
            {"package.json": package(packageManager="yarn@4.5.0"), "yarn.lock": "__metadata:\n"},
            "&& yarn workspaces focus --production",
        ),
        (
            {"package.json": package(), "bun.lock": ""},
            "&& rm -rf node_modules && bun install --frozen-lockfile --production",
        ),
    ],
)
def test_development_packages_stay_in_the_build(files: dict[str, str], line: str) -> None:
    assert line in written(files | {"src/main.ts": "app.listen(3000)\n"})


def test_yarn_of_today_installs_where_node_looks() -> None:
    files = {"package.json": package(packageManager="yarn@4.5.0"), "yarn.lock": "__metadata:\n"}
    assert "ENV YARN_NODE_LINKER=node-modules\n" in written(files)


def test_a_standalone_next_app_runs_without_its_packages() -> None:
    files = {
        "package.json": package(
            scripts={"build": "next build", "start": "next start"}, dependencies={"next": "15"}
        ),
        "next.config.mjs": 'export default { output: "standalone" }\n',
        "public/logo.svg": "",
    }
    final = written(files).rpartition("\nFROM ")[2]
    assert [line.split()[-2:] for line in final.splitlines() if line.startswith("COPY")] == [
        ["/app/.next/standalone", "./"],
        ["/app/.next/static", "./.next/static"],
        ["/app/public", "./public"],
    ]
    assert final.rstrip().endswith('CMD ["node", "server.js"]')


def test_nitro_bundles_what_it_runs_with() -> None:
    files = {"package.json": package(scripts={"build": "nuxt build"}, devDependencies={"nuxt": "3"})}
    text = written(files)
    assert "/app/.output ./.output\n" in text
    assert "prune" not in text


def test_python_packages_that_are_compiled_get_a_compiler() -> None:
    text = written({"requirements.txt": "flask\ngunicorn\npsycopg2==2.9\n", "app.py": FLASK})
    assert "FROM python:3.13 AS build\n" in text
    assert "\nFROM python:3.13-slim\n" in text
    assert "--no-install-recommends libpq5 \\\n" in text
    wheels = written(
        {"requirements.txt": "flask\ngunicorn\npsycopg2-binary\npsycopg[binary]\n", "app.py": FLASK}
    )
    assert "AS build" not in wheels
    assert "apt-get" not in wheels


def test_a_lone_pyproject_installs_packages_before_the_sources() -> None:
    project = '[project]\nname = "x"\ndependencies = ["flask", "gunicorn"]\n[build-system]\nrequires = []\n'
    text = written({"pyproject.toml": project, "src/shop/__init__.py": "", "src/shop/web.py": FLASK})
    assert (
        text.index("COPY pyproject.toml ./")
        < text.index("pip install")
        < text.index("COPY --chown=10001:10001 . .")
    )
    assert "ENV PYTHONPATH=/app/src\n" in text
    old = written(
        {"pyproject.toml": project + 'requires-python = "<3.11"\n', "shop.py": FLASK}
        | {".python-version": "3.10"}
    )
    assert "RUN pip install --no-cache-dir .\n" in old


def test_requirements_that_name_the_app_come_after_the_sources() -> None:
    text = written({"requirements.txt": "flask\ngunicorn\n-e .\n", "setup.py": "", "app.py": FLASK})
    assert text.index("COPY . .") < text.index("pip install")


@pytest.mark.parametrize(
    ("embedded", "copied"), [("", True), ("//go:embed templates/*\nvar files embed.FS\n", False)]
)
def test_folders_that_go_reads_go_along_unless_they_are_built_in(embedded: str, copied: bool) -> None:
    files = {
        "go.mod": "module x\n\ngo 1.25\n",
        "main.go": GO_MAIN.format(embedded),
        "templates/page.html": "",
    }
    assert ("/src/templates/ templates/\n" in written(files)) is copied


def test_php_extensions_come_from_where_they_are() -> None:
    require = {
        "php": "^8.3",
        "laravel/framework": "^11",
        "ext-gd": "*",
        "ext-redis": "*",
        "ext-mbstring": "*",
    }
    text = written({"composer.json": json.dumps({"require": require}), "artisan": "", "public/index.php": ""})
    assert (
        "docker-php-ext-configure gd --with-freetype --with-jpeg \\\n    && docker-php-ext-install gd \\\n"
        in text
    )
    assert "&& pecl install redis \\\n    && docker-php-ext-enable redis\n" in text


def test_rails_has_node_for_its_assets() -> None:
    files = {
        "Gemfile": 'gem "rails"\ngem "propshaft"\ngem "jsbundling-rails"\n',
        "Gemfile.lock": "",
        "package.json": "{}",
        "config/application.rb": "class App < Rails::Application; end\n",
    }
    text = written(files)
    assert "COPY --from=node /usr/local/bin/ /usr/local/bin/\n" in text
    assert "node" not in text.rpartition("\nFROM ")[2]


def test_a_site_is_never_stale_in_a_browser() -> None:
    plain = written({"index.html": "<h1>Hello</h1>\n"}, "nginx.conf")
    assert "add_header Cache-Control no-cache;" in plain
    assert "immutable" not in plain
    assert "absolute_redirect off;" in plain
    vite = {"scripts": {"build": "vite build"}, "devDependencies": {"vite": "6"}}
    built = written({"package.json": json.dumps(vite), "index.html": "", "vite.config.js": ""}, "nginx.conf")
    assert "immutable" in built
