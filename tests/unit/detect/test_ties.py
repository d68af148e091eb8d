"""A folder that is two things at once is put to the person; what the person said holds from then on."""

from __future__ import annotations

import json

import pytest

from draft_ls.detect.detect import detect
from draft_ls.detect.ties import ORIGIN_FILE, tied
from draft_ls.files import MemoryTree

GO = {
    "go.mod": "module shop\n\ngo 1.24\n",
    "main.go": 'package main\n\nfunc main() {\n\tListenAndServe(":8080")\n}\n',
}
PYTHON = {"requirements.txt": "flask\n", "app.py": "from flask import Flask\napp = Flask(__name__)\n"}
EXPRESS = {
    "package.json": '{"scripts": {"start": "node index.js"}, "dependencies": {"express": "5"}}',
    "index.js": 'require("express")().listen(3000);\n',
}
VITE = {
    "package.json": '{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "7"}}',
    "index.html": "<div></div>\n",
}
TOOLS = {"package.json": '{"private": true, "devDependencies": {"prettier": "3"}}'}


@pytest.mark.parametrize(
    ("files", "packs"),
    [
        (GO | PYTHON, ("go", "python")),
        (GO | EXPRESS, ("go", "javascript")),
        (PYTHON | EXPRESS, ("python", "javascript")),
        (GO, ()),
        (PYTHON | VITE, ()),
        (PYTHON | TOOLS, ()),
        (GO | {"requirements.txt": "black\n"}, ()),
        (GO | {"Dockerfile": "FROM scratch\nEXPOSE 80\n"}, ()),
    ],
)
def test_ties(files: dict[str, str], packs: tuple[str, ...]) -> None:
    [app] = detect(MemoryTree(files))
    assert tuple(each.pack for each in tied(app)) == packs


def test_what_an_app_was_created_as_comes_first() -> None:
    [before] = detect(MemoryTree(GO | PYTHON))
    assert before.pack == "go"
    [app] = detect(MemoryTree(GO | PYTHON | {ORIGIN_FILE: json.dumps({"pack": "python"})}))
    assert app.pack == "python"
    assert app.evidence[0].path == ORIGIN_FILE
    assert not tied(app)
    assert [each.pack for each in app.alternatives][:1] == ["go"]


@pytest.mark.parametrize("record", ["", "{", "[]", '{"pack": 1}', '{"pack": "rust"}'])
def test_a_record_of_no_use_changes_nothing(record: str) -> None:
    [app] = detect(MemoryTree(GO | PYTHON | {ORIGIN_FILE: record}))
    assert app.pack == "go"
    assert tied(app)
