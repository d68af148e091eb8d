"""Facts about C and C++ apps that CMake, Meson or Make builds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.facts import Facts
from draft_ls.detect.facts.native import finish
from draft_ls.detect.model import Fact
from draft_ls.detect.tokens import Signs

if TYPE_CHECKING:
    from draft_ls.detect.facts import Subject
    from draft_ls.detect.sources import Sources

SIGNS = Signs(
    files=(
        "*.c",
        "*.cpp",
        "*.cc",
        "*.cxx",
        "src/**/*.c",
        "src/**/*.cpp",
        "src/**/*.cc",
        "src/**/*.cxx",
        "*.h",
        "include/**/*.h*",
        "src/**/*.h*",
    ),
    calls=frozenset(
        {
            "htons",
            "listen",
            "port",
            "bind",
            "endpoint",
            "addListener",
            "mg_http_listen",
            "setPort",
            "Port",
            "svr_listen",
            "createShared",
            "MHD_start_daemon",
        }
    ),
    keys=frozenset({"PORT", "port", "kPort", "DEFAULT_PORT"}),
)


BUILDS = {
    "cmake": "cmake -S . -B build -DCMAKE_BUILD_TYPE=Release && cmake --build build",
    "meson": "meson setup build --buildtype=release && meson compile -C build",
    "make": "make",
}

_SOURCES = ("**/*.cpp", "**/*.cc", "**/*.cxx")


_LIBRARIES = (
    (
        r"find_package\(\s*OpenSSL\b|-lssl\b|dependency\('openssl'",
        ("libssl-dev",),
        ("ca-certificates", "libssl3"),
    ),
    (
        r"find_package\(\s*CURL\b|-lcurl\b|dependency\('libcurl'",
        ("libcurl4-openssl-dev",),
        ("ca-certificates", "libcurl4"),
    ),
    (r"find_package\(\s*ZLIB\b|-lz\b|dependency\('zlib'", ("zlib1g-dev",), ("zlib1g",)),
    (r"find_package\(\s*SQLite3\b|-lsqlite3\b|dependency\('sqlite3'", ("libsqlite3-dev",), ("libsqlite3-0",)),
    (r"find_package\(\s*PostgreSQL\b|-lpq\b|dependency\('libpq'", ("libpq-dev",), ("libpq5",)),
    (r"-lmysqlclient\b|-lmariadb\b", ("libmariadb-dev", "libmariadb-dev-compat"), ("libmariadb3",)),
    (r"-lmicrohttpd\b|\blibmicrohttpd\b", ("libmicrohttpd-dev",), ("libmicrohttpd12",)),
    (r"-luv\b|\blibuv\b", ("libuv1-dev",), ("libuv1",)),
    (r"-levent\b|\blibevent\b", ("libevent-dev",), ("libevent-2.1-7",)),
    (
        r"find_package\(\s*Boost\b|-lboost_|dependency\('boost'",
        ("libboost-all-dev",),
        ("libboost-system1.74.0", "libboost-thread1.74.0"),
    ),
    (r"find_package\(\s*nlohmann_json\b", ("nlohmann-json3-dev",), ()),
    (r"find_package\(\s*fmt\b", ("libfmt-dev",), ("libfmt9",)),
    (r"find_package\(\s*spdlog\b", ("libspdlog-dev",), ("libspdlog1.10", "libfmt9")),
    (r"find_package\(\s*httplib\b", ("libcpp-httplib-dev",), ("libcpp-httplib0.11",)),
    (r"find_package\(\s*asio\b", ("libasio-dev",), ()),
    (r"(?i)FetchContent|ExternalProject_Add|CPMAddPackage", ("ca-certificates", "git"), ()),
)
"""What a build file says of a library → the Debian packages that the build needs, and the program."""


def _packages(sources: Sources) -> tuple[tuple[str, ...], tuple[str, ...]]:
    files = [
        *sources.matching("CMakeLists.txt"),
        *sources.matching("*/CMakeLists.txt"),
        *sources.matching("*.cmake"),
    ]
    files += [
        *sources.matching("Makefile"),
        *sources.matching("meson.build"),
        *sources.matching("*/meson.build"),
    ]
    asked = [each for each in _LIBRARIES if next(sources.search(files, each[0]), None)]
    build = sorted({package for each in asked for package in each[1]})
    run = sorted({package for each in asked for package in each[2]})
    return tuple(build), tuple(run)


def analyze(subject: Subject) -> Facts:
    """Find the facts of a C or C++ app."""
    sources = subject.sources
    facts = Facts(language="cpp" if any(sources.matching(pattern) for pattern in _SOURCES) else "c")
    program: Fact[str] | None = None
    for path, tool, target in (
        ("CMakeLists.txt", "cmake", _cmake), ("meson.build", "meson", _meson), ("Makefile", "make", _make),
    ):  # fmt: skip
        if sources.has(path):
            facts.package_manager = Fact(tool, (sources.evidence(path),))
            facts.build = Fact(BUILDS[tool], (sources.evidence(path),))
            facts.details["tool"] = tool
            program = target(sources)
            break
    facts.details["build_packages"], facts.details["packages"] = _packages(sources)
    facts.details["program"] = program.value if program else "app"
    name = Fact(program.value.rpartition("/")[2], program.evidence) if program else None
    return finish(subject, facts, SIGNS, name)


def _cmake(sources: Sources) -> Fact[str] | None:
    """The executable that sounds like a server, else the first that is no test or client."""
    paths = ["CMakeLists.txt", *(path for path in sources.matching("**/CMakeLists.txt") if "/" in path)]
    tests = re.compile(r"(?i)(?:^|/)(?:tests?|examples?|benchmarks?|third_party|external)/")
    found: list[Fact[str]] = []
    for path, match in sources.search(
        [path for path in paths if not tests.search(path)], r"^[ \t]*add_executable\s*\(\s*(\S+?)[\s)]"
    ):
        name = _expanded(sources, path, match[1])
        if name and not re.search(r"(?i)test|bench", name):
            found.append(Fact(name, (sources.evidence(path, match.span(1)),)))
    return min(found, key=_preference, default=None)


def _preference(program: Fact[str]) -> int:
    """How little a program's name sounds like a server's."""
    name = program.value.lower()
    return 0 if re.search(r"serv|httpd|web|api", name) else 2 if "client" in name else 1


def _expanded(sources: Sources, path: str, target: str) -> str:
    """A target with its variables replaced: the project's name, what ``set`` gives; empty if it cannot be known."""
    for _ in range(4):
        variable = re.search(r"\$\{(\w+)\}", target)
        if variable is None:
            break
        project = re.fullmatch(r"(?:CMAKE_)?PROJECT_NAME", variable[1])
        value = r"\"?([\w.${}-]+)"
        pattern = rf"(?i:project)\s*\(\s*{value}" if project else rf"\bset\s*\(\s*{variable[1]}\s+{value}"
        found = sources.find(path, pattern) or sources.find("CMakeLists.txt", pattern)
        if found is None:
            return ""
        target = target.replace(variable[0], found[1])
    return "" if "$" in target else target


def _meson(sources: Sources) -> Fact[str] | None:
    for path in ("meson.build", *sources.matching("*/meson.build")):
        match = sources.find(path, r"\bexecutable\(\s*'([^']+)'") or sources.find(
            path, r"\bexecutable\(\s*meson\.project_name\(\)()"
        )
        if match:
            project = sources.find("meson.build", r"project\(\s*'([^']+)'")
            name = match[1] or (project[1] if project else "")
            return Fact(name, (sources.evidence(path, match.span(0)),)) if name else None
    return None


def _make(sources: Sources) -> Fact[str] | None:
    """The program that a Makefile names, else what its rules write, the one of the first rule before others."""
    path = "Makefile"
    patterns = (
        r"^(?:TARGET|BIN|PROGRAM|PROG|NAME|EXEC|EXE|EXECUTABLE|APP|BINARY|OUT|OUTPUT)\s*[:?]?=\s*(\S+)[ \t]*$",
        r"-o\s+([\w./-]+)(?=\s)(?<!\.o)",
        r"-o\s+(\$(?:@|\(\w+\)|\{\w+\}))",
    )
    for pattern in patterns:
        for _, match in sources.search((path,), pattern):
            name = _made(sources, match)
            if name and not name.endswith((".o", ".so", ".a")):
                return Fact(name, (sources.evidence(path, match.span(1)),))
    return None


def _made(sources: Sources, match: re.Match[str]) -> str:
    """A file's name with Make's variables replaced; empty if it cannot be known."""
    text = match[1]
    if text == "$@":
        rules = re.findall(r"^([\w./$(){}-]+)\s*:(?!=)", match.string[: match.start()], re.MULTILINE)
        text = rules[-1] if rules else ""
    for _ in range(4):
        variable = re.search(r"\$[({](\w+)[)}]", text)
        if variable is None:
            break
        value = sources.find("Makefile", rf"^{variable[1]}\s*[:?]?=[ \t]*([^\s#]*)")
        text = text.replace(variable[0], value[1] if value else "")
    return text.removeprefix("./").lstrip("/") if "$" not in text and "%" not in text else ""
