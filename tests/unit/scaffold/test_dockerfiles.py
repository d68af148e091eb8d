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


GO_MODULE = "module shop\ngo 1.23\n"


def test_go_with_c_in_it_has_a_compiler_and_a_c_library() -> None:
    driver = "require github.com/mattn/go-sqlite3 v1.14.22 // indirect\n"
    plain = written({"go.mod": GO_MODULE, "main.go": GO_MAIN.format("")})
    linked = written({"go.mod": GO_MODULE + driver, "main.go": GO_MAIN.format("")})
    assert "CGO_ENABLED=0" in plain
    assert "distroless/static-debian12" in plain
    assert "CGO_ENABLED=1" in linked
    assert "FROM golang:1.23-bookworm" in linked
    assert "distroless/cc-debian12" in linked


def test_what_a_go_program_reads_beside_itself_goes_along() -> None:
    main = 'package main\nfunc main() { read("config.yaml"); http.ListenAndServe(":8080", nil) }\n'
    text = written({"go.mod": GO_MODULE, "main.go": main, "config.yaml": "a: 1\n", "other.yaml": "b: 2\n"})
    assert "/src/config.yaml ./" in text
    assert "other.yaml" not in text


def test_a_program_that_gives_up_without_dotenv_has_an_empty_one() -> None:
    main = """package main
func main() {
	if err := godotenv.Load(); err != nil {
		log.Fatal("Error loading .env file")
	}
}
"""
    assert "RUN touch .env" in written({"go.mod": GO_MODULE, "main.go": main})
    assert "touch .env" not in written({"go.mod": GO_MODULE, "main.go": main.replace("Fatal", "Print")})


def test_rust_with_a_c_library_runs_where_that_is() -> None:
    files = {
        "Cargo.toml": '[package]\nname = "a"\n[dependencies]\ndiesel = { version = "2", features = ["postgres"] }\n'
        '[build-dependencies]\ntonic-build = "0.12"\n',
        "src/main.rs": "fn main() {}\n",
    }
    text = written(files)
    assert "protobuf-compiler" in text
    assert "ca-certificates libpq5" in text
    assert "distroless" not in text


def test_an_own_variable_for_the_port_is_told() -> None:
    main = 'package main\nfunc main() { http.ListenAndServe(":"+os.Getenv("APP_PORT"), nil) }\n'
    text = written({"go.mod": GO_MODULE, "main.go": main, ".env.example": "APP_PORT=8082\n"})
    assert "ENV PORT=8082 APP_PORT=8082" in text


POM = (
    "<project><artifactId>web</artifactId>"
    "<properties><maven.compiler.source>{}</maven.compiler.source></properties>{}</project>"
)
JETTY = (
    "<dependencies><dependency><groupId>j</groupId><artifactId>jetty</artifactId></dependency></dependencies>"
)
JAVA_MAIN = {
    "src/main/java/a/Main.java": "package a;\npublic class Main { public static void main(String[] x) {} }\n"
}


def test_an_archive_that_holds_no_packages_has_them_beside_it() -> None:
    text = written({"pom.xml": POM.format(17, JETTY), **JAVA_MAIN})
    assert "dependency:copy-dependencies -DincludeScope=runtime" in text
    assert "&& cp -r target/dependency /out/" in text
    assert 'CMD ["java", "-cp", "app.jar:dependency/*", "a.Main"]' in text


@pytest.mark.parametrize(("asked", "image"), [("1.7", "8"), ("14", "17"), ("19", "21"), ("21", "21")])
def test_a_java_without_images_is_built_by_the_next(asked: str, image: str) -> None:
    text = written({"pom.xml": POM.format(asked, JETTY), **JAVA_MAIN})
    assert f"FROM maven:3.9-eclipse-temurin-{image} AS build" in text


@pytest.mark.parametrize(("gradle", "image"), [("6.8.3", "11"), ("7.6", "17"), ("8.10", "21")])
def test_java_is_none_that_the_wrapper_cannot_run_on(gradle: str, image: str) -> None:
    files = {
        "build.gradle": "plugins { id 'application' }\n",
        "gradlew": "",
        "gradle/wrapper/gradle-wrapper.properties": f"distributionUrl=https\\://a/gradle-{gradle}-bin.zip\n",
    }
    assert f"FROM eclipse-temurin:{image}-jdk AS build" in written(files)


def test_java_without_a_build_tool_is_compiled() -> None:
    text = written(
        {"Main.java": "public class Main { public static void main(String[] a) {} }\n", "lib/a.jar": ""}
    )
    assert 'javac -d /out/out -cp "lib/*" @/tmp/sources' in text
    assert 'CMD ["java", "-cp", "out:lib/*", "Main"]' in text


def test_a_front_end_that_publishing_builds_has_node() -> None:
    project = (
        '<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup><TargetFramework>net8.0</TargetFramework>'
        '<SpaRoot>ClientApp\\</SpaRoot></PropertyGroup><Target><Exec Command="npm install" /></Target></Project>'
    )
    text = written({"Shop.csproj": project, "Program.cs": "app.Run();\n"})
    assert "COPY --from=node /usr/local/bin/ /usr/local/bin/" in text


def test_php_extensions_are_those_that_the_code_calls() -> None:
    text = written({"index.php": '<?php $c = mysqli_connect("localhost", "root", "", "school");\n'})
    assert "docker-php-ext-install mysqli" in text
    assert "docker-php-ext-install" not in written({"index.php": "<?php echo 1;\n"})


def test_ruby_that_has_gems_rb_copies_that() -> None:
    files = {"gems.rb": 'gem "roda"\n', "gems.locked": "", "config.ru": "run App\n"}
    assert "COPY gems.rb gems.locked ./" in written(files)


def test_a_cmake_build_that_fetches_has_git_and_its_libraries() -> None:
    build = "project(a)\ninclude(FetchContent)\nfind_package(OpenSSL REQUIRED)\nadd_executable(a main.cpp)\n"
    text = written({"CMakeLists.txt": build, "main.cpp": "int main() {}\n"})
    assert "ca-certificates git libssl-dev" in text
    assert "ca-certificates libssl3" in text


def test_perl_without_a_server_for_production_gets_one() -> None:
    text = written({"cpanfile": "requires 'Dancer2';\n", "app.psgi": "use MyApp;\n"})
    assert "cpanm --notest --local-lib /opt/perl Plack Starman" in text
    assert '"-s", "Starman"' in text
    own = written({"cpanfile": "requires 'Dancer2';\nrequires 'Twiggy';\n", "app.psgi": "use MyApp;\n"})
    assert "Starman" not in own
    assert '"-s", "Twiggy"' in own


def test_phoenix_compiles_before_its_assets() -> None:
    files = {
        "mix.exs": 'app: :a,\n{:phoenix, "~> 1.8"},\n"assets.deploy": ["esbuild a"],\nmod: {A, []}\n',
        "assets/package.json": '{"dependencies": {"topbar": "3"}}',
    }
    text = written(files)
    assert text.index("npm --prefix assets install") < text.index("RUN mix compile")
    assert text.index("RUN mix compile") < text.index("mix assets.deploy")


def test_what_a_build_writes_into_pages_is_a_build_argument() -> None:
    files = {
        "package.json": '{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "5"}}',
        "index.html": "",
        ".env.example": "VITE_API_URL=\nSECRET=\n",
    }
    text = written(files)
    assert "ARG VITE_API_URL\nRUN npm run build" in text
    assert "SECRET" not in text


def test_packages_that_an_aptfile_names_are_installed() -> None:
    aptfile = {"Aptfile": "# for thumbnails\nimagemagick\n:repo:deb http://example.com stable main\nffmpeg\n"}
    python = {"requirements.txt": "flask\n", "app.py": "from flask import Flask\napp = Flask(__name__)\n"}
    assert "--no-install-recommends ffmpeg imagemagick \\\n" in written({**python, **aptfile})
    node = {"package.json": package(scripts={"start": "node server.js"}), "server.js": ""}
    assert "--no-install-recommends ffmpeg imagemagick \\\n" in written({**node, **aptfile})
    ruby = {"Gemfile": 'gem "sinatra"\n', "config.ru": "run App\n"}
    assert "--no-install-recommends imagemagick ffmpeg \\\n" in written({**ruby, **aptfile})


def test_an_open_gunicorn_gets_one_that_has_the_worker() -> None:
    files = {
        "requirements.txt": "flask\neventlet\ngunicorn\n",
        "Procfile": "web: gunicorn --worker-class eventlet -w 1 app:app\n",
        "app.py": "from flask import Flask\napp = Flask(__name__)\n",
    }
    assert '-r requirements.txt "gunicorn>=23,<24"' in written(files)
    pinned = {**files, "requirements.txt": "flask\neventlet\ngunicorn==22.0.0\n"}
    assert "gunicorn>=" not in written(pinned)


def test_laravel_finds_the_folders_that_it_writes_to() -> None:
    files = {
        "composer.json": '{"require": {"laravel/framework": "^11"}}',
        "artisan": "",
        "public/index.php": "",
    }
    assert "storage/logs storage/framework/cache storage/framework/sessions" in written(files)
