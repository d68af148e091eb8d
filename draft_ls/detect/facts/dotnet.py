"""Facts about .NET apps: C#, F#, Visual Basic."""

from __future__ import annotations

import re
from posixpath import normpath
from typing import TYPE_CHECKING

from draft_ls.detect.documents import lookup
from draft_ls.detect.facts import Facts
from draft_ls.detect.model import Fact
from draft_ls.detect.network import scan
from draft_ls.detect.tokens import Signs

if TYPE_CHECKING:
    from draft_ls.detect.facts import Subject
    from draft_ls.detect.sources import Sources

PROJECTS = ("*.csproj", "*.fsproj", "*.vbproj")
LANGUAGES = {"csproj": "csharp", "fsproj": "fsharp", "vbproj": "visualbasic"}

_NO_SERVER = (
    r"Microsoft\.NET\.Test\.Sdk|<IsTestProject>\s*true|<Use(?:WPF|Maui|WindowsForms)>\s*true|<OutputType>\s*WinExe"
    r"|<TargetFrameworks?>[^<]*-(?:android|ios|windows)|<TargetFrameworks?>\s*net4\d+\s*<|<TargetFrameworkVersion>"
    r"|<IsAspireHost>\s*true|Aspire\.AppHost\.Sdk"
)
"""What says that a project is a test, or a program for desktops, telephones, or Windows' own .NET Framework."""

SIGNS = Signs(
    files=("*.cs", "*.fs", "**/Program.cs", "**/Program.fs", "**/Startup.cs"),
    calls=frozenset(
        {"UseUrls", "ListenAnyIP", "Listen", "ListenLocalhost", "Urls.Add", "Run", "RunAsync", "url"}
    ),
    keys=frozenset(),
    skip=r"(?:^|/)(?:bin|obj|Tests?)/",
)


def analyze(subject: Subject) -> Facts:
    """Find the facts of a .NET app."""
    sources = subject.sources
    project = _project(sources)
    facts = Facts(framework=subject.framework_fact)
    if project is None:
        facts.confidence = 0.2
        return facts
    text = sources.text(project)
    facts.language = LANGUAGES[project.rpartition(".")[2]]
    facts.package_manager = Fact("nuget", (sources.evidence(project),))
    facts.version = dotnet_version(sources, project)
    assembly = re.search(r"<AssemblyName>\s*([\w.-]+)", text)
    name = assembly[1] if assembly else project.rpartition("/")[2].rpartition(".")[0]
    facts.details |= {
        "project": project,
        "assembly": name,
        "web": subject.framework_name in {"aspnet", "blazor"},
        "lockfile": sources.has("packages.lock.json"),
        "client": _client(text),
        "references": _references(sources, text),
        "outside": bool(re.search(r'<ProjectReference\s+Include="\.\.', text)),
        "central": tuple(
            each
            for each in (
                "Directory.Build.props",
                "Directory.Packages.props",
                "nuget.config",
                "NuGet.config",
                "global.json",
            )
            if sources.has(each)
        ),
    }
    facts.build = Fact(f"dotnet publish {project} -c Release -o out", (sources.evidence(project),))
    facts.start = Fact(("dotnet", f"{name}.dll"), (sources.evidence(project),))
    if re.search(_NO_SERVER, text):
        facts.confidence = 0.1
    elif not subject.framework and not re.search(r"<OutputType>\s*(?:Win)?Exe", text, re.IGNORECASE):
        facts.confidence = 0.25
    _network(subject, facts)
    return facts


def _client(project: str) -> str:
    """The folder of the front end that publishing the project builds with npm; empty if there is none."""
    root = re.search(r"<SpaRoot>\s*([\w./\\-]+)", project)
    builds = re.search(r'Command="(?:npm|yarn|pnpm)\b', project)
    return root[1].replace("\\", "/").strip("/") if root and builds else ""


def _references(sources: Sources, project: str) -> tuple[str, ...]:
    """The folders of the projects that this one refers to, from the tree's root."""
    found = re.findall(r'<ProjectReference\s+Include="([^"]+)"', project)
    paths = (normpath(f"/{sources.path}/{each}".replace("\\", "/")) for each in found)
    return tuple(path.rpartition("/")[0].lstrip("/") for path in paths)


def dotnet_version(sources: Sources, project: str) -> Fact[str] | None:
    """The runtime by the project's target framework; of several the newest."""
    for path in (project, "Directory.Build.props"):
        match = sources.find(path, r"<TargetFrameworks?>\s*([^<]+)")
        versions = re.findall(r"net(?:coreapp)?(\d+\.\d+)", match[1]) if match else []
        if match and versions:
            newest = max(versions, key=lambda each: tuple(int(part) for part in each.split(".")))
            return Fact(newest, (sources.evidence(path, match),))
    shared = sources.nearest("Directory.Build.props", r"<TargetFrameworks?>\s*net(?:coreapp)?(\d+\.\d+)")
    return shared or sources.nearest("global.json", r'"version"\s*:\s*"(\d+\.\d+)')


def _project(sources: Sources) -> str | None:
    found = [path for pattern in PROJECTS for path in sources.matching(pattern)]
    found.sort(key=lambda path: ("Sdk.Web" not in sources.text(path), "Test" in path, path))
    return next(iter(found), None)


def _network(subject: Subject, facts: Facts) -> None:
    sources = subject.sources
    network = scan(sources, SIGNS)
    facts.reads_port, facts.health, facts.variables = network.reads_port, network.health, network.variables
    if subject.framework_name != "aspnet":
        return
    facts.port = network.port
    endpoints = lookup(sources.json("appsettings.json"), "Kestrel", "Endpoints")
    url = sources.find("appsettings.json", r'"(?:Url|Urls|urls)"\s*:\s*"http://[^":]*:(\d+)')
    if url and (endpoints or "urls" in sources.text("appsettings.json").lower()):
        facts.port = Fact(int(url[1]), (sources.evidence("appsettings.json", url),))
    facts.port = facts.port or Fact(8080)
