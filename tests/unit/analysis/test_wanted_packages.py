"""What installers say of a package that there is none of, and the line that asks for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draft_ls.analysis.wanted_packages import find_wanted

FILES = {
    "requirements.txt": "# flask\ngunicorn==23\nFlask_Login[x]==9\nflask==99\n",
    "package.json": '{\n  "dependencies": {\n    "express": "^99",\n    "@scope/thing": "1"\n  }\n}\n',
    "Gemfile": 'source "https://rubygems.org"\ngem "sinatra-contrib"\ngem "sinatra", "~> 9"\n',
    "Cargo.toml": '[dependencies]\nserde_json = "1"\nserde = "99"\n',
    "composer.json": '{\n  "require": {\n    "acme/thing": "^1"\n  }\n}\n',
    "pom.xml": "<dependency>\n  <artifactId>thing</artifactId>\n</dependency>\n",
    "app.csproj": '<ItemGroup>\n  <PackageReference Include="Acme.Thing" />\n</ItemGroup>\n',
    "app.py": "import flask\n",
}

CASES = {
    "pip, no version": (
        "ERROR: Could not find a version that satisfies the requirement flask==99 (from versions: 0.1, 3.1.0)",
        ("requirements.txt", 3, 0),
    ),
    "pip, no package": (
        "ERROR: No matching distribution found for flask-login[x]==9",
        ("requirements.txt", 2, 0),
    ),
    "uv": (
        "  x Because there is no version of flask==99 and you require flask==99, we can conclude",
        ("requirements.txt", 3, 0),
    ),
    "npm, no version": (
        "npm error notarget No matching version found for express@^99.",
        ("package.json", 2, 5),
    ),
    "npm, no package": (
        "npm error 404  '@scope/thing@1' is not in this registry.",
        ("package.json", 3, 5),
    ),
    "npm ci": (
        "npm error Invalid: lock file's express@5.1.0 does not satisfy express@99.0.0",
        ("package.json", 2, 5),
    ),
    "yarn": (
        'error Couldn\'t find any versions for "express" that matches "^99"',
        ("package.json", 2, 5),
    ),
    "bundler": (
        "Could not find gem 'sinatra (~> 9)' in rubygems repository https://rubygems.org/",
        ("Gemfile", 2, 5),
    ),
    "cargo, no version": (
        'error: failed to select a version for the requirement `serde = "^99"`',
        ("Cargo.toml", 2, 0),
    ),
    "cargo, no package": (
        "error: no matching package named `serde_json` found",
        ("Cargo.toml", 1, 0),
    ),
    "composer": (
        "    - Root composer.json requires acme/thing, it could not be found in any version",
        ("composer.json", 2, 5),
    ),
    "maven": (
        "[ERROR] Could not find artifact com.acme:thing:jar:1.0 in central",
        ("pom.xml", 1, 14),
    ),
    "nuget": (
        "/src/app.csproj : error NU1101: Unable to find package Acme.Thing. No packages exist with this id",
        ("app.csproj", 1, 29),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_line_that_asks_for_it(name: str) -> None:
    said, place = CASES[name]
    found = find_wanted(["Step 4", said], FILES, FILES.get)
    assert found is not None
    assert (found.path, found.line, found.column) == place
    assert found.message in said


@pytest.mark.parametrize(
    "said",
    [
        "ERROR: No matching distribution found for something-else",
        "Successfully installed flask-3.1.0",
        "npm error 404 Not Found",
        "",
    ],
)
def test_nobody_asks_for_it(said: str) -> None:
    assert find_wanted([said], FILES, FILES.get) is None


@given(st.text())
def test_no_log_is_too_odd(text: str) -> None:
    find_wanted(text.split("\n"), FILES, FILES.get)
