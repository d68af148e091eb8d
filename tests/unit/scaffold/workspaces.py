"""Workspaces of every kind, each with a member that needs a sibling: files by path; ``.git`` is their root."""

from __future__ import annotations

import json


def package(name: str, **values: object) -> str:
    return json.dumps({"name": name, "version": "1.0.0", **values})


SERVER_JS = """\
const ui = require("@shop/ui");
require("http").createServer((_, answer) => answer.end(ui())).listen(process.env.PORT || 3000);
"""
NPM_MEMBERS = {
    "apps/web/package.json": package(
        "web", scripts={"start": "node server.js"}, dependencies={"@shop/ui": "*", "express": "4"}
    ),
    "apps/web/server.js": SERVER_JS,
    "packages/ui/package.json": package("@shop/ui", main="index.js", dependencies={"@shop/base": "*"}),
    "packages/ui/index.js": 'module.exports = require("@shop/base");\n',
    "packages/base/package.json": package("@shop/base", main="index.js"),
    "packages/base/index.js": 'module.exports = () => "Hello";\n',
    "packages/other/package.json": package("other"),
    "packages/other/index.js": "",
}
NPM_ROOT = package("shop", private=True, workspaces=["apps/*", "packages/*"])

GO_MAIN = """\
package main

import (
	"net/http"

	"example.com/greeting"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(greeting.Hello())) })
	http.ListenAndServe(":8080", nil)
}
"""
GO_MEMBERS = {
    "apps/api/go.mod": "module example.com/api\n\ngo 1.19\n\nrequire example.com/greeting v0.0.0\n",
    "apps/api/main.go": GO_MAIN,
    "libs/greeting/go.mod": "module example.com/greeting\n\ngo 1.19\n",
    "libs/greeting/greeting.go": 'package greeting\n\nfunc Hello() string { return "Hello" }\n',
    "libs/other/go.mod": "module example.com/other\n\ngo 1.19\n",
    "libs/other/other.go": "package other\n",
}

GO_WORK = """\
go 1.19

use (
	./apps/api
	./libs/greeting
	./libs/other
)
"""

CARGO_MAIN = """\
use std::io::Write;
use std::net::TcpListener;

fn main() {
    let listener = TcpListener::bind("0.0.0.0:8080").unwrap();
    for stream in listener.incoming() {
        stream.unwrap().write_all(store::hello().as_bytes()).unwrap();
    }
}
"""
CARGO_MEMBERS = {
    "crates/api/Cargo.toml": '[package]\nname = "api"\nversion.workspace = true\nedition = "2021"\n\n'
    '[dependencies]\nstore = { path = "../store" }\n',
    "crates/api/src/main.rs": CARGO_MAIN,
    "crates/store/Cargo.toml": '[package]\nname = "store"\nversion.workspace = true\nedition = "2021"\n',
    "crates/store/src/lib.rs": 'pub fn hello() -> &\'static str { "Hello" }\n',
}
CARGO_ROOT = '[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n\n[workspace.package]\nversion = "0.1.0"\n'
CARGO_LOCK = """\
version = 3

[[package]]
name = "api"
version = "0.1.0"
dependencies = [
 "store",
]

[[package]]
name = "store"
version = "0.1.0"
"""

MAVEN_ROOT = """\
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.shop</groupId>
  <artifactId>shop</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <properties><maven.compiler.release>17</maven.compiler.release></properties>
  <modules>
    <module>api</module>
    <module>store</module>
    <module>other</module>
  </modules>
</project>
"""


def pom(name: str, more: str = "") -> str:
    parent = "<parent><groupId>com.shop</groupId><artifactId>shop</artifactId><version>1</version></parent>"
    return f"<project><modelVersion>4.0.0</modelVersion>{parent}<artifactId>{name}</artifactId>{more}</project>\n"


MAVEN_API = pom(
    "api",
    "<dependencies><dependency><groupId>com.shop</groupId><artifactId>store</artifactId><version>1</version>"
    "</dependency></dependencies><build><plugins><plugin><artifactId>spring-boot-maven-plugin</artifactId>"
    "</plugin></plugins></build>",
)

GRADLE_MEMBERS = {
    "apps/api/build.gradle.kts": "plugins {\n    application\n}\n\n"
    'dependencies {\n    implementation(project(":libs:store"))\n}\n\n'
    'application { mainClass.set("Main") }\n',
    "apps/api/src/main/java/Main.java": "class Main { public static void main(String[] a) { } }\n",
    "libs/store/build.gradle.kts": "plugins { `java-library` }\n",
    "libs/store/src/main/java/Store.java": "public class Store { }\n",
    "libs/other/build.gradle.kts": "plugins { `java-library` }\n",
}

NX_MAIN = """\
import express from 'express';
import { hello } from '@shop/greeting';

const port = process.env.PORT ? Number(process.env.PORT) : 3333;
express().get('/', (_, answer) => answer.send(hello())).listen(port);
"""
NX = {
    "package.json": package(
        "shop", private=True, dependencies={"express": "4"}, devDependencies={"nx": "19", "@nx/esbuild": "19"}
    ),
    "package-lock.json": "{}",
    "nx.json": "{}",
    "tsconfig.base.json": '{"compilerOptions": {"paths": {"@shop/greeting": ["libs/greeting/src/index.ts"]}}}',
    "apps/api/project.json": json.dumps(
        {
            "name": "api",
            "projectType": "application",
            "targets": {
                "build": {
                    "executor": "@nx/esbuild:esbuild",
                    "outputs": ["{options.outputPath}"],
                    "defaultConfiguration": "production",
                    "options": {
                        "main": "apps/api/src/main.ts",
                        "outputPath": "{workspaceRoot}/dist/{projectRoot}",
                        "format": ["cjs"],
                        "esbuildOptions": {"outExtension": {".js": ".js"}},
                    },
                    "configurations": {"production": {}},
                }
            },
        }
    ),
    "apps/api/src/main.ts": NX_MAIN,
    "libs/greeting/project.json": '{"name": "greeting", "projectType": "library"}',
    "libs/greeting/src/index.ts": "export const hello = () => 'Hello';\n",
}
ANGULAR_BUILD = {
    "build": {"builder": "@angular/build:application", "options": {}, "defaultConfiguration": "production"}
}
ANGULAR = {
    "package.json": package(
        "desk", private=True, scripts={"build": "ng build"}, dependencies={"@angular/core": "19"}
    ),
    "package-lock.json": "{}",
    "angular.json": json.dumps(
        {
            "projects": {
                "admin": {"projectType": "application", "root": "projects/admin", "architect": ANGULAR_BUILD},
                "shop": {"projectType": "application", "root": "projects/shop", "architect": ANGULAR_BUILD},
                "ui": {"projectType": "library", "root": "projects/ui", "architect": ANGULAR_BUILD},
            }
        }
    ),
    "projects/admin/tsconfig.app.json": "{}",
    "projects/admin/src/main.ts": "bootstrapApplication(App);\n",
    "projects/shop/tsconfig.app.json": "{}",
    "projects/shop/src/main.ts": "bootstrapApplication(App);\n",
    "projects/ui/src/public-api.ts": "",
}

UV_MEMBERS = {
    "apps/api/pyproject.toml": '[project]\nname = "shop-api"\nversion = "1"\nrequires-python = ">=3.11"\n'
    'dependencies = ["flask", "gunicorn", "shop-store"]\n\n'
    "[tool.uv.sources]\nshop-store = { workspace = true }\n",
    "apps/api/app.py": "from flask import Flask\nfrom shop_store import hello\n\napp = Flask(__name__)\n\n\n"
    '@app.get("/")\ndef index():\n    return hello()\n',
    "packages/store/pyproject.toml": '[project]\nname = "shop_store"\nversion = "1"\n',
    "packages/store/src/shop_store/__init__.py": 'def hello():\n    return "Hello"\n',
    "packages/other/pyproject.toml": '[project]\nname = "other"\nversion = "1"\n',
}

FLASK_APP = """\
from flask import Flask
from store import hello

app = Flask(__name__)


@app.get("/")
def index():
    return hello()
"""
PYTHON_BESIDE = {
    "services/api/app.py": FLASK_APP,
    "libs/store/pyproject.toml": '[project]\nname = "store"\nversion = "1"\n\n'
    '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n\n'
    '[tool.poetry.dependencies]\nbase = { path = "../base" }\n',
    "libs/store/src/store/__init__.py": "from base import hello\n",
    "libs/base/pyproject.toml": '[project]\nname = "base"\nversion = "1"\n',
    "libs/base/base.py": 'def hello():\n    return "Hello"\n',
    "libs/other/pyproject.toml": '[project]\nname = "other"\nversion = "1"\n',
}

MIX_CHILD = """\
defmodule {module}.MixProject do
  use Mix.Project

  def project do
    [
      app: :{name},
      version: "0.1.0",
      build_path: "../../_build",
      config_path: "../../config/config.exs",
      deps_path: "../../deps",
      lockfile: "../../mix.lock",
      elixir: "~> 1.14",
      deps: [{deps}]
    ]
  end

  def application, do: [{application}extra_applications: [:logger]]
end
"""
UMBRELLA = {
    "mix.exs": "defmodule Shop.MixProject do\n  use Mix.Project\n\n"
    '  def project, do: [apps_path: "apps", version: "0.1.0", deps: []]\nend\n',
    "mix.lock": "%{}\n",
    "config/config.exs": "import Config\n",
    "apps/shop_web/mix.exs": MIX_CHILD.format(
        module="ShopWeb",
        name="shop_web",
        deps='{:shop, in_umbrella: true}, {:plug_cowboy, "~> 2.0"}',
        application="mod: {ShopWeb.Application, []}, ",
    ),
    "apps/shop_web/lib/shop_web.ex": "defmodule ShopWeb.Application do\nend\n",
    "apps/shop/mix.exs": MIX_CHILD.format(
        module="Shop", name="shop", deps='{:ecto, "~> 3.0"}', application=""
    ),
    "apps/shop/lib/shop.ex": "defmodule Shop do\n  def hello, do: :world\nend\n",
    "apps/other/mix.exs": MIX_CHILD.format(module="Other", name="other", deps="", application=""),
}

DOTNET_MEMBERS = {
    "src/Api/Api.csproj": '<Project Sdk="Microsoft.NET.Sdk.Web">'
    "<PropertyGroup><TargetFramework>net8.0</TargetFramework></PropertyGroup>"
    '<ItemGroup><ProjectReference Include="..\\Store\\Store.csproj" /></ItemGroup></Project>\n',
    "src/Api/Program.cs": 'var app = WebApplication.Create(args);\napp.MapGet("/", () => "Hello");\napp.Run();\n',
    "src/Store/Store.csproj": '<Project Sdk="Microsoft.NET.Sdk"></Project>\n',
    "src/Store/Store.cs": "public class Store { }\n",
    "src/Other/Other.csproj": '<Project Sdk="Microsoft.NET.Sdk"></Project>\n',
}

WORKSPACES: dict[str, tuple[str, dict[str, str]]] = {
    "npm": ("apps/web", {**NPM_MEMBERS, "package.json": NPM_ROOT, "package-lock.json": "{}"}),
    "pnpm": (
        "apps/web",
        {
            **NPM_MEMBERS,
            "apps/web/package.json": NPM_MEMBERS["apps/web/package.json"].replace('"*"', '"workspace:*"'),
            "package.json": package("shop", private=True, packageManager="pnpm@9.12.0"),
            "pnpm-workspace.yaml": "packages:\n  - apps/*\n  - packages/*\n",
            "pnpm-lock.yaml": "lockfileVersion: '9.0'\n",
        },
    ),
    "yarn 1": ("apps/web", {**NPM_MEMBERS, "package.json": NPM_ROOT, "yarn.lock": "# yarn lockfile v1\n"}),
    "yarn 4": (
        "apps/web",
        {
            **NPM_MEMBERS,
            "package.json": package(
                "shop", private=True, workspaces=["apps/*", "packages/*"], packageManager="yarn@4.5.0"
            ),
            "yarn.lock": "__metadata:\n  version: 8\n",
        },
    ),
    "nx": ("apps/api", NX),
    "angular": ("projects/shop", ANGULAR),
    "bun": ("apps/web", {**NPM_MEMBERS, "package.json": NPM_ROOT, "bun.lock": "{}"}),
    "go.work": ("apps/api", {**GO_MEMBERS, "go.work": GO_WORK}),
    "go replace": (
        "apps/api",
        {
            **GO_MEMBERS,
            "apps/api/go.mod": GO_MEMBERS["apps/api/go.mod"]
            + "\nreplace example.com/greeting => ../../libs/greeting\n",
        },
    ),
    "go program": (
        "cmd/api",
        {
            "go.mod": "module example.com/shop\n\ngo 1.19\n",
            "cmd/api/main.go": GO_MAIN.replace("example.com/greeting", "example.com/shop/internal/greeting"),
            "internal/greeting/greeting.go": GO_MEMBERS["libs/greeting/greeting.go"],
        },
    ),
    "cargo": ("crates/api", {**CARGO_MEMBERS, "Cargo.toml": CARGO_ROOT, "Cargo.lock": CARGO_LOCK}),
    "cargo path": (
        "crates/api",
        {path: text.replace("version.workspace = true", 'version = "0.1.0"') for path, text in CARGO_MEMBERS.items()},
    ),
    "maven": (
        "api",
        {
            "pom.xml": MAVEN_ROOT,
            "api/pom.xml": MAVEN_API,
            "api/src/main/java/Main.java": "class Main { }\n",
            "store/pom.xml": pom("store"),
            "store/src/main/java/Store.java": "public class Store { }\n",
            "other/pom.xml": pom("other"),
        },
    ),
    "maven parent": (
        "api",
        {
            "pom.xml": MAVEN_ROOT.replace("<modules>", "<!--").replace("</modules>", "-->"),
            "api/pom.xml": MAVEN_API.replace("<dependency>", "<!--").replace("</dependency>", "-->"),
            "api/src/main/java/Main.java": "class Main { }\n",
        },
    ),
    "gradle": (
        "apps/api",
        {
            **GRADLE_MEMBERS,
            "settings.gradle.kts": 'rootProject.name = "shop"\n'
            'include(":apps:api", ":libs:store")\ninclude(":libs:other")\n',
            "gradle.properties": "",
            "gradlew": "",
            "gradle/wrapper/gradle-wrapper.properties": "",
        },
    ),
    "uv": (
        "apps/api",
        {
            **UV_MEMBERS,
            "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n\n'
            '[tool.uv.workspace]\nmembers = ["apps/*", "packages/*"]\n',
            "uv.lock": "version = 1\n",
        },
    ),
    "pip": (
        "services/api",
        {**PYTHON_BESIDE, "services/api/requirements.txt": "flask\ngunicorn\n-e ../../libs/store\n"},
    ),
    "poetry": (
        "services/api",
        {
            **PYTHON_BESIDE,
            "services/api/pyproject.toml": '[tool.poetry]\npackage-mode = false\n\n[tool.poetry.dependencies]\n'
            'python = "^3.11"\nflask = "^3.0"\ngunicorn = "^23"\n'
            'store = { path = "../../libs/store", develop = true }\n',
            "services/api/poetry.lock": "",
        },
    ),
    "pipenv": (
        "services/api",
        {
            **PYTHON_BESIDE,
            "services/api/Pipfile": '[packages]\nflask = "*"\ngunicorn = "*"\n'
            'store = {path = "../../libs/store", editable = true}\n',
            "services/api/Pipfile.lock": "{}",
        },
    ),
    "uv path": (
        "services/api",
        {
            **PYTHON_BESIDE,
            "services/api/pyproject.toml": '[project]\nname = "api"\nversion = "1"\n'
            'dependencies = ["flask", "gunicorn", "store"]\n\n'
            '[tool.uv.sources]\nstore = { path = "../../libs/store" }\n',
            "services/api/uv.lock": "version = 1\n",
        },
    ),
    "umbrella": ("apps/shop_web", UMBRELLA),
    "mix path": (
        "services/web",
        {
            "services/web/mix.exs": MIX_CHILD.format(
                module="Web", name="web", deps='{:store, path: "../../libs/store"}', application="mod: {Web, []}, "
            ).replace("../../", "")
            .replace('"libs/store"', '"../../libs/store"'),
            "services/web/lib/web.ex": "defmodule Web do\nend\n",
            "libs/store/mix.exs": 'defmodule Store.MixProject do\n  def project, do: [app: :store]\nend\n',
            "libs/store/lib/store.ex": "defmodule Store do\nend\n",
        },
    ),
    "gem": (
        "services/web",
        {
            "services/web/Gemfile": 'source "https://rubygems.org"\ngem "sinatra"\ngem "puma"\n'
            'gem "billing", path: "../../gems/billing"\n',
            "services/web/Gemfile.lock": "PATH\n  remote: ../../gems/billing\n",
            "services/web/config.ru": "run Web\n",
            "gems/billing/billing.gemspec": 'Gem::Specification.new { |s| s.name = "billing" }\n',
            "gems/billing/lib/billing.rb": "module Billing\nend\n",
            "gems/other/other.gemspec": "",
        },
    ),
    "composer": (
        "apps/site",
        {
            "apps/site/composer.json": '{"require": {"shop/store": "*"}, '
            '"repositories": [{"type": "path", "url": "../../packages/*"}]}',
            "apps/site/composer.lock": "{}",
            "apps/site/public/index.php": "<?php echo 1;\n",
            "packages/store/composer.json": '{"name": "shop/store", "require": {"shop/base": "*"}}',
            "packages/store/src/Store.php": "<?php\n",
            "packages/base/composer.json": '{"name": "shop/base"}',
            "packages/other/composer.json": '{"name": "shop/other"}',
        },
    ),
    "dart": (
        "server",
        {
            "server/pubspec.yaml": "name: server\nenvironment:\n  sdk: ^3.5.0\ndependencies:\n  shelf: ^1.4.0\n"
            "  shared:\n    path: ../shared\n",
            "server/bin/server.dart": "void main() { serve(handler, '0.0.0.0', 8080); }\n",
            "shared/pubspec.yaml": "name: shared\n",
            "shared/lib/shared.dart": "",
            "client/pubspec.yaml": "name: client\n",
        },
    ),
    "swift": (
        "Server",
        {
            "Server/Package.swift": "// swift-tools-version:5.10\nimport PackageDescription\n"
            'let package = Package(name: "Server", dependencies: [.package(path: "../Shared"), '
            '.package(url: "https://github.com/vapor/vapor.git", from: "4.0.0")], '
            'targets: [.executableTarget(name: "App")])\n',
            "Server/Sources/App/main.swift": "",
            "Shared/Package.swift": "// swift-tools-version:5.10\n",
            "Shared/Sources/Shared/Shared.swift": "",
        },
    ),
    "dotnet": ("src/Api", {**DOTNET_MEMBERS, "Shop.sln": "", "Directory.Build.props": "<Project></Project>\n"}),
}  # fmt: skip
