"""Projects with one fault each: how it is made, what is told and where, and whether a repair does away with it.

The projects are what ``draft create`` makes of the examples; a fault is a change to one of the files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from draft_ls.engine.create import plan_create
from draft_ls.files import DiskTree, MemoryTree

ROOT = Path("/srv/sample")
EXAMPLES = Path(__file__).parents[3] / "examples"
FLASK = "FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nUSER 10001\n"
NODE = "FROM node:20-slim\nWORKDIR /app\nCOPY . .\nRUN npm ci\nUSER 1000\n"

Change = str | tuple[str, str] | None
"""A whole text, a stretch and what to put there, or nothing: the file is taken away."""


@dataclass(frozen=True)
class Broken:
    """A project with one fault.

    Attributes:
        name: the test's name.
        changes: path → how it is changed.
        code: the problem's code.
        file: the file that is odd.
        text: what stands in the problem's range.
        repaired: whether the first repair leaves nothing to tell.
        base: the example.
        others: further codes that the fault causes.
    """

    name: str
    changes: dict[str, Change]
    code: str
    file: str
    text: str
    repaired: bool = True
    base: str = "python"
    others: tuple[str, ...] = field(default=())

    @property
    def files(self) -> dict[str, str]:
        files = dict(project(self.base))
        for path, change in self.changes.items():
            if change is None:
                del files[path]
            elif isinstance(change, tuple):
                assert change[0] in files[path], (path, change[0])
                files[path] = files[path].replace(*change, 1)
            else:
                files[path] = change
        return files


@cache
def project(name: str) -> dict[str, str]:
    """An example with everything that ``draft create`` writes."""
    folder = EXAMPLES / name
    tree = DiskTree(folder)
    files = {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()
    }
    planned = plan_create(ROOT, tree=MemoryTree(files, ROOT)).scaffold
    del tree
    return files | {each.path: each.text for each in planned.edits}


def cmd(*words: str) -> str:
    return "CMD [" + ", ".join(f'"{word}"' for word in words) + "]\n"


def toml(line: str, old: str = "    watch_delay = 2") -> dict[str, Change]:
    """One more line in the environment, or one instead of another."""
    return {"draft.toml": (old, line if old.strip() != "watch_delay = 2" else f"{old}\n    {line}")}


SERVE = cmd("gunicorn", "--bind", "0.0.0.0:5000", "app:app")
SIMPLE = {"Dockerfile": FLASK + SERVE}
"""An app by hand: no ENV PORT, no EXPOSE."""

BROKEN = (
    # The Dockerfile by itself
    Broken("a misspelt instruction", {"Dockerfile": ("EXPOSE", "EXPSE")}, "dockerfile-unknown-instruction", "Dockerfile", "EXPSE"),
    Broken("a misspelt option", {"Dockerfile": ("COPY --chown", "COPY --chwn")}, "dockerfile-unknown-flag", "Dockerfile", "--chwn=10001:10001"),
    Broken("an array in single quotes", {"Dockerfile": FLASK + "CMD ['gunicorn', '--bind', '0.0.0.0:5000', 'app:app']\n"}, "dockerfile-bad-array", "Dockerfile", "['gunicorn', '--bind', '0.0.0.0:5000', 'app:app']"),
    Broken("no FROM", {"Dockerfile": "RUN true\n"}, "dockerfile-no-from", "Dockerfile", "RUN", repaired=False),
    Broken("a misspelt stage", {"Dockerfile": "FROM python:3.11-slim AS builder\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nFROM python:3.11-slim\nWORKDIR /app\nCOPY --from=bulder /app /app\n" + SERVE}, "dockerfile-unknown-stage", "Dockerfile", "--from=bulder"),
    Broken("a stage that comes later", {"Dockerfile": "FROM python:3.11-slim\nWORKDIR /app\nCOPY --from=3 /x /x\nCOPY . .\nRUN pip install -r requirements.txt\n" + SERVE}, "dockerfile-unknown-stage", "Dockerfile", "--from=3", repaired=False),
    Broken("the old MAINTAINER", {"Dockerfile": FLASK + "MAINTAINER Ada\n" + SERVE}, "dockerfile-maintainer", "Dockerfile", "MAINTAINER"),
    Broken("FROM without an image", {"Dockerfile": "FROM\n" + SERVE}, "dockerfile-missing-arguments", "Dockerfile", "FROM", repaired=False),
    Broken("an unclosed heredoc", {"Dockerfile": FLASK + "RUN <<EOF\ntrue\n"}, "dockerfile-unterminated-heredoc", "Dockerfile", "RUN", repaired=False, others=("start-command-none",)),
    # COPY and the context
    Broken("a file that is not there", {"Dockerfile": ("COPY requirements.txt", "COPY requirments.txt")}, "copy-source-missing", "Dockerfile", "requirments.txt", others=("dependency-file-not-copied",)),
    Broken("a folder that is not there", {"Dockerfile": FLASK.replace("COPY . .", "COPY . .\nCOPY static/ static/") + SERVE}, "copy-source-missing", "Dockerfile", "static/", repaired=False),
    Broken("a file in another folder", {"conf/settings.ini": "x=1\n", "Dockerfile": FLASK.replace("COPY . .", "COPY . .\nCOPY settings.ini ./") + SERVE}, "copy-source-missing", "Dockerfile", "settings.ini"),
    Broken("an ignored file", {".dockerignore": ("chart\n", "chart\nrequirements.txt\n")}, "copy-source-ignored", "Dockerfile", "requirements.txt", others=("dependency-file-not-copied", "dependency-file-missing")),
    Broken("a file ignored by a pattern", {".dockerignore": ("chart\n", "chart\n*.txt\n")}, "copy-source-ignored", "Dockerfile", "requirements.txt", others=("dependency-file-not-copied", "dependency-file-missing")),
    Broken("ignored by the Dockerfile's own file", {"Dockerfile.dockerignore": ".draft\nrequirements.txt\n"}, "copy-source-ignored", "Dockerfile", "requirements.txt", others=("dependency-file-not-copied", "dependency-file-missing")),
    Broken("an ignored folder", {"static/a.css": "", ".dockerignore": ("chart\n", "chart\nstatic\n"), "Dockerfile": FLASK.replace("COPY . .", "COPY . .\nCOPY static static") + SERVE}, "copy-source-ignored", "Dockerfile", "static"),
    Broken("a pattern that is none", {".dockerignore": "[a-\n"}, "ignore-pattern", ".dockerignore", "[a-", repaired=False),
    # Dependencies
    Broken("installed before it is copied", {"Dockerfile": "FROM python:3.11-slim\nWORKDIR /app\nRUN pip install -r requirements.txt\nCOPY . .\nUSER 10001\n" + SERVE}, "dependency-file-not-copied", "Dockerfile", "RUN pip install -r requirements.txt"),
    Broken("a requirements file that is not there", {"Dockerfile": (FLASK + SERVE).replace("-r requirements.txt", "-r requirements/prod.txt")}, "dependency-file-missing", "Dockerfile", "RUN pip install -r requirements/prod.txt", repaired=False),
    Broken("packages that nothing installs", {"Dockerfile": FLASK.replace("RUN pip install -r requirements.txt\n", "") + SERVE}, "dependencies-not-installed", "Dockerfile", "FROM python:3.11-slim"),
    Broken("npm ci without a lock", {"package-lock.json": None, "Dockerfile": NODE + cmd("node", "server.js")}, "lock-file-missing", "Dockerfile", "RUN npm ci", base="javascript"),
    Broken("npm ci before package.json", {"Dockerfile": "FROM node:20-slim\nWORKDIR /app\nRUN npm install\nCOPY . .\nUSER 1000\n" + cmd("node", "server.js")}, "dependency-file-not-copied", "Dockerfile", "RUN npm install", base="javascript"),
    Broken("node packages that nothing installs", {"Dockerfile": NODE.replace("RUN npm ci\n", "") + cmd("node", "server.js")}, "dependencies-not-installed", "Dockerfile", "FROM node:20-slim", base="javascript"),
    # The start command
    Broken("nothing to start", {"Dockerfile": FLASK}, "start-command-none", "Dockerfile", "FROM python:3.11-slim"),
    Broken("a script that is not there", {"Dockerfile": FLASK + cmd("python", "ap.py")}, "start-file-missing", "Dockerfile", "ap.py"),
    Broken("a script in a shell line", {"Dockerfile": FLASK + "CMD python ap.py\n"}, "start-file-missing", "Dockerfile", "ap.py"),
    Broken("a script behind tini", {"Dockerfile": FLASK + 'ENTRYPOINT ["tini", "--"]\n' + cmd("python", "/app/ap.py")}, "start-file-missing", "Dockerfile", "/app/ap.py"),
    Broken("a script that no COPY takes", {"Dockerfile": (FLASK + cmd("python", "app.py")).replace("COPY . .", "COPY requirements.txt ./")}, "start-file-not-copied", "Dockerfile", "app.py"),
    Broken("a script that is ignored", {".dockerignore": ("chart\n", "chart\napp.py\n"), "Dockerfile": FLASK + cmd("python", "app.py")}, "start-file-not-copied", "Dockerfile", "app.py", repaired=False),
    Broken("an entry script that is not there", {"start.sh": "#!/bin/sh\n", "Dockerfile": FLASK + cmd("./strt.sh")}, "start-file-missing", "Dockerfile", "./strt.sh"),
    Broken("a module that is not there", {"Dockerfile": ("app:app", "apps:app")}, "start-module-missing", "Dockerfile", "apps:app"),
    Broken("a module in a package that is not there", {"Dockerfile": ("app:app", "shop.wsgi:app")}, "start-module-missing", "Dockerfile", "shop.wsgi:app", repaired=False),
    Broken("a module with python -m", {"worker.py": "print()\n", "Dockerfile": FLASK + cmd("python", "-m", "worke")}, "start-module-missing", "Dockerfile", "worke"),
    Broken("a name that is not defined", {"Dockerfile": ("app:app", "app:application")}, "start-name-missing", "Dockerfile", "app:application"),
    Broken("a name that was renamed", {"app.py": "from flask import Flask\nserver = Flask(__name__)\n"}, "start-name-missing", "Dockerfile", "app:app"),
    Broken("a server script that is not there", {"Dockerfile": NODE + cmd("node", "sever.js")}, "start-file-missing", "Dockerfile", "sever.js", base="javascript"),
    Broken("an npm script that is not there", {"Dockerfile": NODE + cmd("npm", "run", "strt"), "package.json": ('"start"', '"start"')}, "start-script-missing", "Dockerfile", "strt", base="javascript"),
    Broken("an npm script whose file is not there", {"package.json": ("node server.js", "node sever.js"), "Dockerfile": NODE + cmd("npm", "start")}, "start-file-missing", "package.json", "sever.js", base="javascript"),
    # The address
    Broken("gunicorn on localhost", {"Dockerfile": ("0.0.0.0:5000", "127.0.0.1:5000")}, "binds-localhost", "Dockerfile", "127.0.0.1"),
    Broken("uvicorn without a host", {"Dockerfile": FLASK + cmd("uvicorn", "app:app", "--port", "5000")}, "binds-localhost", "Dockerfile", "uvicorn"),
    Broken("uvicorn in a shell line", {"Dockerfile": FLASK + "CMD uvicorn app:app --host 127.0.0.1 --port 5000\n"}, "binds-localhost", "Dockerfile", "127.0.0.1"),
    Broken("flask run without a host", {"Dockerfile": FLASK + cmd("flask", "run")}, "binds-localhost", "Dockerfile", "flask"),
    Broken("runserver without an address", {"manage.py": "import django\n", "Dockerfile": FLASK + cmd("python", "manage.py", "runserver"), "chart/values.yaml": ("containerPort: 5000", "containerPort: 8000")}, "binds-localhost", "Dockerfile", "python"),
    Broken("app.run on localhost", {"app.py": ('host="0.0.0.0"', 'host="localhost"'), "Dockerfile": FLASK + cmd("python", "app.py")}, "binds-localhost", "app.py", '"localhost"'),
    Broken("app.run without a host", {"app.py": ('host="0.0.0.0", ', ""), "Dockerfile": FLASK + cmd("python", "app.py")}, "binds-localhost", "app.py", 'app.run(port=int(os.environ.get("PORT", "5000")))'),
    Broken("listen on localhost", {"server.js": ("app.listen(port, ()", 'app.listen(port, "127.0.0.1", ()')}, "binds-localhost", "server.js", '"127.0.0.1"', base="javascript"),
    # Ports
    Broken("another EXPOSE", {"Dockerfile": ("EXPOSE 5000", "EXPOSE 8000")}, "port-mismatch", "Dockerfile", "8000"),
    Broken("another ENV PORT", {"Dockerfile": ("PORT=5000", "PORT=8000")}, "port-mismatch", "Dockerfile", "8000"),
    Broken("another --bind", {"Dockerfile": ("0.0.0.0:5000", "0.0.0.0:8000")}, "port-mismatch", "Dockerfile", "8000"),
    Broken("another --port", {"Dockerfile": FLASK + "EXPOSE 5000\n" + cmd("uvicorn", "app:app", "--host", "0.0.0.0", "--port", "8000")}, "port-mismatch", "Dockerfile", "8000"),
    Broken("another containerPort", {"chart/values.yaml": ("containerPort: 5000", "containerPort: 8000")}, "port-mismatch", "chart/values.yaml", "8000"),
    Broken("another containerPort in a values file", {"draft.toml": ('namespace = "default"', 'namespace = "default"\n    values = ["dev.yaml"]'), "dev.yaml": "containerPort: 8000\n"}, "port-mismatch", "dev.yaml", "8000"),
    Broken("another containerPort in set", {"draft.toml": ('namespace = "default"', 'namespace = "default"\n    set = ["containerPort=8000"]')}, "port-mismatch", "draft.toml", '["containerPort=8000"]', repaired=False),
    Broken("another containerPort in the template", {"chart/templates/deployment.yaml": ("containerPort: {{ . }}", "containerPort: 8000")}, "port-mismatch", "chart/templates/deployment.yaml", "8000"),
    Broken("another targetPort", {"chart/templates/service.yaml": ("targetPort: http", "targetPort: 8000")}, "port-mismatch", "chart/templates/service.yaml", "8000"),
    Broken("another probe", {"chart/values.yaml": ("    port: http", "    port: 8000")}, "port-mismatch", "chart/values.yaml", "8000"),
    Broken("another override port", {"draft.toml": ('namespace = "default"', 'namespace = "default"\n    override_ports = ["8080:8000"]')}, "port-mismatch", "draft.toml", "8000"),
    Broken("the code's own port", {"app.py": ('int(os.environ.get("PORT", "5000"))', "8000"), "Dockerfile": FLASK + "EXPOSE 5000\n" + cmd("python", "app.py")}, "port-mismatch", "app.py", "8000"),
    Broken("the code's own port in JavaScript", {"server.js": ("process.env.PORT || 3000", "8080"), "Dockerfile": NODE + "EXPOSE 3000\n" + cmd("node", "server.js")}, "port-mismatch", "server.js", "8080", base="javascript"),
    # Secrets and weight
    Broken("an .env file", {".env": "TOKEN=abc\n", ".dockerignore": ".draft\n"}, "secret-in-image", "Dockerfile", "."),
    Broken("a private key", {"tls/server.pem": "-----BEGIN RSA PRIVATE KEY-----\nx\n", ".dockerignore": ".draft\n"}, "secret-in-image", "Dockerfile", "."),
    Broken("an SSH key", {"deploy/id_rsa": "x\n"}, "secret-in-image", "Dockerfile", "."),
    Broken("a kubeconfig", {"kubeconfig": "clusters: []\n", ".dockerignore": ".draft\n"}, "secret-in-image", "Dockerfile", "."),
    Broken("an npm token", {".npmrc": "//registry.example/:_authToken=abc\n", "Dockerfile": NODE + cmd("node", "server.js")}, "secret-in-image", "Dockerfile", ".", base="javascript"),
    Broken("a service account", {"my-service-account.json": '{"private_key": "-----BEGIN"}\n'}, "secret-in-image", "Dockerfile", "."),
    Broken("cloud credentials", {".aws/credentials": "[default]\n"}, "secret-in-image", "Dockerfile", "."),
    Broken("two secrets, no ignore file", {".env": "A=1\n", "id_rsa": "x\n", ".dockerignore": None, "Dockerfile": FLASK + SERVE}, "secret-in-image", "Dockerfile", "."),
    Broken("node_modules of this machine", {"node_modules/express/index.js": "", ".dockerignore": ".draft\n", "Dockerfile": "FROM node:20-slim\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\nUSER 1000\n" + cmd("node", "server.js")}, "copy-replaces-installed", "Dockerfile", ".", base="javascript"),
    Broken("a heavy folder", {".dockerignore": ".draft\n", **{f"data/{number}.bin": "x" for number in range(5000)}}, "context-heavy", "Dockerfile", "."),
    Broken("a build context outside of the repository", toml('build_context = ".."'), "context-outside", "draft.toml", '".."', repaired=False),
    # The user
    Broken("root where it is forbidden", {"chart/values.yaml": ("  runAsUser: 10001\n", ""), "Dockerfile": ("USER 10001", "USER root")}, "user-root", "Dockerfile", "root"),
    Broken("no user where root is forbidden", {"chart/values.yaml": ("  runAsUser: 10001\n", ""), "Dockerfile": FLASK.replace("USER 10001\n", "") + SERVE}, "user-root", "Dockerfile", "FROM python:3.11-slim"),
    Broken("a user by name", {"chart/values.yaml": ("  runAsUser: 10001\n", ""), "Dockerfile": ("USER 10001", "USER app")}, "user-not-numeric", "Dockerfile", "app"),
    Broken("root in the chart", {"chart/values.yaml": ("runAsUser: 10001", "runAsUser: 0")}, "user-root", "chart/values.yaml", "0"),
    # The chart
    Broken("no Chart.yaml", {"chart/Chart.yaml": None}, "chart-yaml-missing", "draft.toml", "[environments.development]"),
    Broken("a chart without a version", {"chart/Chart.yaml": ("version: 0.1.0\n", "")}, "chart-metadata-invalid", "chart/Chart.yaml", "apiVersion: v2"),
    Broken("a chart with an empty name", {"chart/Chart.yaml": "apiVersion: v2\nname: \nversion: 0.1.0\n"}, "chart-metadata-invalid", "chart/Chart.yaml", ""),
    Broken("values that are no YAML", {"chart/values.yaml": ("replicaCount: 1", "replicaCount: [1")}, "chart-file-invalid", "chart/values.yaml", "containerPort: 5000", repaired=False),
    Broken("a value that nothing sets", {"chart/templates/deployment.yaml": (".Values.replicaCount", ".Values.replicasCount")}, "chart-value-missing", "chart/templates/deployment.yaml", ".Values.replicasCount"),
    Broken("a value below nothing", {"chart/templates/service.yaml": (".Values.service.type", ".Values.svc.type")}, "chart-value-missing", "chart/templates/service.yaml", ".Values.svc.type", repaired=False),
    Broken("an image that is not built here", {"chart/templates/deployment.yaml": ('"{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"', "nginx:1.27")}, "chart-image-unused", "chart/templates/deployment.yaml", "nginx:1.27"),
    Broken("an if without an end", {"chart/templates/service.yaml": "{{- if .Values.containerPort }}\napiVersion: v1\n"}, "chart-template-invalid", "chart/templates/service.yaml", "{{- if .Values.containerPort }}", repaired=False),
    Broken("an end without an if", {"chart/templates/configmap.yaml": "kind: ConfigMap\n{{- end }}"}, "chart-template-invalid", "chart/templates/configmap.yaml", "{{- end }}"),
    # Drift
    Broken("another Python", {".python-version": "3.12\n"}, "drift-version", "Dockerfile", "3.11"),
    Broken("another language", {"requirements.txt": None, "app.py": None, ".python-version": None, "go.mod": "module x\n\ngo 1.22\n", "main.go": 'package main\nimport "net/http"\nfunc main() { http.ListenAndServe(":5000", nil) }\n', "Dockerfile": 'FROM golang:1.22\nWORKDIR /app\nCOPY . .\nRUN go build -o /out/x .\nUSER 10001\nCMD ["/out/x"]\n'}, "drift-pack", "Dockerfile", "FROM golang:1.22", repaired=False),
    Broken("another framework", {"requirements.txt": "fastapi\nuvicorn\n", "app.py": "from fastapi import FastAPI\napp = FastAPI()\n"}, "drift-start", "Dockerfile", '"gunicorn", "--bind", "0.0.0.0:5000", "app:app"', repaired=False),
    Broken("another Node", {"package.json": ('"node": "20"', '"node": "22"')}, "drift-version", "Dockerfile", "20", base="javascript"),
    # Ports by name
    Broken("a service that names no port", {"chart/templates/service.yaml": ("targetPort: http", "targetPort: htpp")}, "port-name-unknown", "chart/templates/service.yaml", "htpp"),
    Broken("a service that names another port", {"chart/templates/service.yaml": ("targetPort: http", "targetPort: web")}, "port-name-unknown", "chart/templates/service.yaml", "web"),
    Broken("a container port with another name", {"chart/templates/deployment.yaml": ("- name: http\n              containerPort", "- name: web\n              containerPort")}, "port-name-unknown", "chart/templates/service.yaml", "http", repaired=False),
    Broken("a readiness probe of no port", {"chart/values.yaml": ("    port: http", "    port: web")}, "port-name-unknown", "chart/values.yaml", "web"),
    Broken("a probe in the template of no port", {"chart/templates/deployment.yaml": ('{{- toYaml . | nindent 12 }}\n          {{- end }}\n          {{- with .Values.startupProbe', 'tcpSocket:\n              port: admin\n          {{- end }}\n          {{- with .Values.startupProbe')}, "port-name-unknown", "chart/templates/deployment.yaml", "admin"),
    # Sync
    Broken("files of root's", {"Dockerfile": ("COPY --chown=10001:10001 . .", "COPY . .")}, "sync-not-writable", "Dockerfile", "COPY"),
    Broken("files of root's, the chart says who runs", {"Dockerfile": FLASK.replace("USER 10001\n", "") + SERVE}, "sync-not-writable", "Dockerfile", "COPY"),
    Broken("an image without a shell", {"Dockerfile": "FROM gcr.io/distroless/python3-debian12\nWORKDIR /app\nCOPY . .\nUSER 10001\n" + cmd("/app/app.py")}, "sync-no-shell", "Dockerfile", "gcr.io/distroless/python3-debian12", repaired=False),
    Broken("a read-only root in the template", {"chart/templates/deployment.yaml": ('{{- omit .Values.securityContext "readOnlyRootFilesystem" | toYaml | nindent 12 }}', "readOnlyRootFilesystem: true")}, "sync-read-only", "chart/templates/deployment.yaml", "true"),
    Broken("a read-only root in the values", {"chart/values.yaml": ("readOnlyRootFilesystem: false", "readOnlyRootFilesystem: true"), "chart/templates/deployment.yaml": ('{{- omit .Values.securityContext "readOnlyRootFilesystem" | toYaml | nindent 12 }}', "{{- toYaml .Values.securityContext | nindent 12 }}")}, "sync-read-only", "chart/values.yaml", "true"),
    # draft.toml
    Broken("a misspelt key", toml('    nmespace = "x"', '    namespace = "default"'), "config-unknown-key", "draft.toml", "nmespace"),
    Broken("an unknown key", toml("zzzzzz = 2"), "config-unknown-key", "draft.toml", "zzzzzz"),
    Broken("an old key's unknown spelling", toml("watchdelay = 3", "    watch_delay = 2"), "config-unknown-key", "draft.toml", "watchdelay", repaired=False),
    Broken("both spellings of a key", toml("watch-delay = 3"), "config-duplicate-key", "draft.toml", "watch-delay", repaired=False),
    Broken("a text where a number belongs", toml('timeout = "30s"'), "config-wrong-type", "draft.toml", '"30s"'),
    Broken("a text where a flag belongs", toml('wait = "true"'), "config-wrong-type", "draft.toml", '"true"'),
    Broken("a number where a flag belongs", toml("auto_connect = 1"), "config-wrong-type", "draft.toml", "1", repaired=False),
    Broken("a text where a list belongs", toml('values = "a.yaml"'), "config-wrong-type", "draft.toml", '"a.yaml"', repaired=False),
    Broken("a name that is none", toml('    name = "My_App"', '    name = "sample"'), "config-bad-value", "draft.toml", '"My_App"'),
    Broken("a namespace that is none", toml('    namespace = "Team A"', '    namespace = "default"'), "config-bad-value", "draft.toml", '"Team A"'),
    Broken("a registry with a scheme", toml('registry = "https://ghcr.io/me"'), "config-bad-value", "draft.toml", '"https://ghcr.io/me"'),
    Broken("an unknown builder", toml('builder = "dokcer"'), "config-bad-value", "draft.toml", '"dokcer"'),
    Broken("an unknown sync mode", toml('sync = { mode = "none" }'), "config-bad-value", "draft.toml", '"none"', repaired=False),
    Broken("a platform without its system", toml('platforms = ["amd64"]'), "config-bad-value", "draft.toml", '"amd64"'),
    Broken("a tag with a name", toml('custom_tags = ["app:latest"]'), "config-bad-value", "draft.toml", '"app:latest"', repaired=False),
    Broken("half a port", toml('override_ports = ["5000"]'), "config-bad-value", "draft.toml", '"5000"'),
    Broken("a port that is too high", toml('override_ports = ["65536:5000"]'), "config-bad-value", "draft.toml", '"65536:5000"', repaired=False),
    Broken("a local port twice", toml('override_ports = ["80:5000", "80:5000"]'), "config-bad-value", "draft.toml", '"80:5000"', repaired=False),
    Broken("an assignment without a value", toml('set = ["replicas"]'), "config-bad-value", "draft.toml", '"replicas"', repaired=False),
    Broken("a path out of the app", toml('values = ["../a.yaml"]'), "config-bad-value", "draft.toml", '"../a.yaml"', repaired=False),
    Broken("a text that does not end", toml('    name = "sample', '    name = "sample"'), "config-toml-syntax", "draft.toml", '"sample', repaired=False),
    Broken("a value that is none", toml("wait = yes"), "config-toml-syntax", "draft.toml", "yes"),
    Broken("a key twice", toml("watch_delay = 3"), "config-duplicate-key", "draft.toml", "watch_delay", repaired=False),
    Broken("a Dockerfile that is not there", toml('dockerfile = "docker/Dockerfile"'), "missing-dockerfile", "draft.toml", '"docker/Dockerfile"', repaired=False),
    Broken("a chart that is not there", toml('chart = "deploy"'), "missing-chart", "draft.toml", '"deploy"', repaired=False),
    Broken("a values file that is not there", toml('values = ["prod.yaml"]'), "missing-values", "draft.toml", '["prod.yaml"]', repaired=False),
    Broken("a chart archive that is not there", toml('chart_tar = "chart.tgz"'), "missing-chart-tar", "draft.toml", '"chart.tgz"', repaired=False),
    Broken("two environments of one release", toml('    [environments.staging]\n    name = "sample"'), "same-release", "draft.toml", '"sample"', repaired=False),
)  # fmt: skip
