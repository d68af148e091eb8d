"""Apps with packages beside them, of each ecosystem with a stand-in: built by a real Docker Engine, run, and answering.

What they answer comes from a package beside the app, which depends on another where that is the usual way.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from draft_ls.engine.create import plan_create
from draft_ls.engine.writing import write
from ground import HOME, base_images

if TYPE_CHECKING:
    from pathlib import Path

GREETING = "Hello from beside!"
PYTHON = {
    "services/api/app.py": "from flask import Flask\nfrom store import hello\n\napp = Flask(__name__)\n\n\n"
    '@app.get("/")\ndef index():\n    return hello()\n',
    "services/api/runtime.txt": "python-3.11\n",
    "libs/store/pyproject.toml": '[project]\nname = "store"\nversion = "1"\n\n'
    '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
    "libs/store/src/store/__init__.py": f'def hello():\n    return "{GREETING}"\n',
}
CHILD = """\
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
      elixir: "~> 1.14.0",
      deps: [{deps}]
    ]
  end

  def application, do: [{application}extra_applications: [:logger]]
end
"""
ENDPOINT = """\
defmodule ShopWeb.Application do
  use Application

  def start(_type, _arguments) do
    port = String.to_integer(System.get_env("PORT") || "4000")
    Supervisor.start_link([{Task, fn -> listen(port) end}], strategy: :one_for_one)
  end

  defp listen(port) do
    {:ok, socket} = :gen_tcp.listen(port, [:binary, packet: :http_bin, active: false, reuseaddr: true])
    serve(socket)
  end

  defp serve(socket) do
    {:ok, client} = :gen_tcp.accept(socket)
    _request = :gen_tcp.recv(client, 0)
    :gen_tcp.send(client, ["HTTP/1.1 200 OK\\r\\nConnection: close\\r\\n\\r\\n", Shop.hello()])
    :gen_tcp.close(client)
    serve(socket)
  end
end
"""
UMBRELLA = {
    "mix.exs": "defmodule Shop.Umbrella do\n  use Mix.Project\n\n"
    '  def project, do: [apps_path: "apps", version: "0.1.0", elixir: "~> 1.14.0", deps: []]\nend\n',
    "config/config.exs": "import Config\n",
    "apps/shop_web/mix.exs": CHILD.format(
        module="ShopWeb",
        name="shop_web",
        deps="{:shop, in_umbrella: true}",
        application="mod: {ShopWeb.Application, []}, ",
    ),
    "apps/shop_web/lib/application.ex": ENDPOINT,
    "apps/shop/mix.exs": CHILD.format(module="Shop", name="shop", deps="", application=""),
    "apps/shop/lib/shop.ex": f'defmodule Shop do\n  def hello, do: "{GREETING}"\nend\n',
}
RUBY = """\
require "socket"
require "billing"

server = TCPServer.new("0.0.0.0", Integer(ENV.fetch("PORT", "4567")))
loop do
  client = server.accept
  client.gets
  client.write("HTTP/1.1 200 OK\\r\\nConnection: close\\r\\n\\r\\n#{Billing.hello}")
  client.close
end
"""
GEMSPEC = """\
Gem::Specification.new do |spec|
  spec.name = "billing"
  spec.version = "0.1.0"
  spec.summary = "Billing"
  spec.authors = ["Shop"]
  spec.files = ["lib/billing.rb"]
end
"""
COMPOSER = {
    "require": {"php": "~8.2.0", "shop/store": "*"},
    "repositories": [{"type": "path", "url": "../../libs/*"}],
}
MAVEN = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.shop</groupId>
  <artifactId>shop</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <properties>
    <maven.compiler.release>17</maven.compiler.release>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <modules><module>store</module><module>api</module></modules>
</project>
"""
MODULE = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <parent><groupId>com.shop</groupId><artifactId>shop</artifactId><version>1</version></parent>
  <artifactId>{name}</artifactId>
  {more}
</project>
"""
API_POM = """\
<dependencies>
    <dependency><groupId>com.shop</groupId><artifactId>store</artifactId><version>1</version></dependency>
  </dependencies>
  <build><plugins><plugin>
    <groupId>org.apache.maven.plugins</groupId><artifactId>maven-jar-plugin</artifactId><version>3.3.0</version>
    <configuration><archive><manifest><mainClass>com.shop.Api</mainClass></manifest></archive></configuration>
  </plugin></plugins></build>"""
API_JAVA = """\
package com.shop;

import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;

public class Api {
    public static void main(String[] arguments) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(8080), 0);
        server.createContext("/", exchange -> {
            byte[] body = Store.hello().getBytes();
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }
}
"""

WORKSPACES: dict[str, tuple[str, dict[str, str]]] = {
    "pip": (
        "services/api",
        {**PYTHON, "services/api/requirements.txt": "flask\ngunicorn\n-e ../../libs/store\n"},
    ),
    "umbrella": ("apps/shop_web", UMBRELLA),
    "whole umbrella": ("", UMBRELLA),
    "gem": (
        "services/web",
        {
            "services/web/Gemfile": 'source "https://rubygems.org"\nruby "~> 3.1.0"\n'
            'gem "billing", path: "../../gems/billing"\n',
            "services/web/server.rb": RUBY,
            "gems/billing/billing.gemspec": GEMSPEC,
            "gems/billing/lib/billing.rb": f'module Billing\n  def self.hello = "{GREETING}"\nend\n',
        },
    ),
    "composer": (
        "apps/site",
        {
            "apps/site/composer.json": json.dumps(COMPOSER),
            "apps/site/public/index.php": '<?php\nrequire __DIR__ . "/../vendor/autoload.php";\n'
            "echo Shop\\Store::hello();\n",
            "libs/store/composer.json": json.dumps(
                {"name": "shop/store", "version": "1.0.0", "autoload": {"psr-4": {"Shop\\": "src/"}}}
            ),
            "libs/store/src/Store.php": "<?php\nnamespace Shop;\nclass Store\n{\n"
            f'    public static function hello() {{ return "{GREETING}"; }}\n}}\n',
        },
    ),
    "maven": (
        "api",
        {
            "pom.xml": MAVEN,
            "api/pom.xml": MODULE.format(name="api", more=API_POM),
            "api/src/main/java/com/shop/Api.java": API_JAVA,
            "store/pom.xml": MODULE.format(name="store", more=""),
            "store/src/main/java/com/shop/Store.java": "package com.shop;\n\npublic class Store {\n"
            f'    public static String hello() {{ return "{GREETING}"; }}\n}}\n',
        },
    ),
}


def docker(*arguments: str | Path) -> str:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(HOME), "DOCKER_BUILDKIT": "1"}
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, env=environment, timeout=600
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout.strip()


async def answer(host: str, port: int) -> str:
    """What a server answers, as soon as it does."""
    async with asyncio.timeout(60):
        while True:
            try:
                reader, writer = await asyncio.open_connection(host, port)
                writer.write(b"GET / HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n")
                text = (await reader.read()).decode()
                writer.close()
            except OSError:
                text = ""
            if text:
                return text
            await asyncio.sleep(0.2)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", WORKSPACES)
async def test_a_member_runs_with_what_lies_beside_it(name: str, tmp_path: Path, cluster: object) -> None:
    del cluster
    path, files = WORKSPACES[name]
    for each, text in {".git/HEAD": "ref: refs/heads/main\n", **files}.items():
        (tmp_path / each).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / each).write_text(text)
    app = tmp_path / path
    creation = plan_create(app, name="member")
    assert creation.problems == ()
    write(app, creation.scaffold.edits)
    await asyncio.to_thread(base_images, app)
    port = creation.scaffold.detection.port
    assert port is not None
    image = f"draft-test/member-{name.replace(' ', '-')}"
    context = app / str(creation.scaffold.detection.details.get("build_context", "."))
    await asyncio.to_thread(
        docker, "build", "--quiet", "--tag", image, "--file", app / "Dockerfile", context.resolve()
    )
    container = ""
    try:
        container = await asyncio.to_thread(docker, "run", "--detach", image)
        [seen] = json.loads(await asyncio.to_thread(docker, "inspect", container))
        networks = seen["NetworkSettings"]["Networks"].values()
        address = next(each["IPAddress"] for each in networks if each["IPAddress"])
        assert GREETING in await answer(address, port.value)
    finally:
        if container:
            await asyncio.to_thread(docker, "rm", "--force", container)
        await asyncio.to_thread(docker, "rmi", "--force", image)
