"""What is published about draft.toml says the same as what is read."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from draft_ls.config.model import Environment
from draft_ls.config.publish import json_schema, json_schema_text, key_table, with_key_table
from draft_ls.config.read import parse
from draft_ls.config.schema import KEYS, Key
from tests.unit.config.cases import BAD, GOOD, development

ROOT = Path(__file__).parents[3]


def test_the_published_files_are_up_to_date():
    page = (ROOT / "docs/draft-toml.md").read_text()
    assert with_key_table(page) == page, "run scripts/publish-schema"
    assert (ROOT / "docs/draft.schema.json").read_text() == json_schema_text(), "run scripts/publish-schema"


def test_every_kind_of_problem_is_documented():
    page = (ROOT / "docs/draft-toml.md").read_text()
    codes = {code for _, code, *_ in BAD} | {"duplicate-key", "duplicate-table", "no-environment", "old-key"}
    assert [code for code in codes | {"ignored-key", "edit"} if f"`config-{code}`" not in page] == []


def test_the_table_has_every_key_once():
    rows = key_table().split("\n")[2:]
    assert [row.split("`")[1] for row in rows] == [key.name for key in KEYS]


def test_a_page_without_a_place_for_the_table_is_refused():
    with pytest.raises(ValueError, match="keys"):
        with_key_table("# draft.toml")


def test_every_key_has_its_field():
    fields = Environment.__slots__
    missing = [
        key.name for key in KEYS if key.kind != "ignored" and (key.attribute or key.name) not in fields
    ]
    assert missing == []


@pytest.mark.parametrize("key", KEYS, ids=[key.name for key in KEYS])
def test_the_examples_are_good(key: Key):
    line = f"{key.name} = {key.example}"
    assert parse(development(line), ROOT / "draft.toml").environments["development"]
    jsonschema.validate(tomllib.loads(development(line)), json_schema())


@pytest.mark.parametrize("line", [line for line, _, _ in GOOD])
def test_the_schema_accepts_what_is_read(line: str):
    jsonschema.validate(tomllib.loads(development(line)), json_schema())


# A JSON schema cannot say these: it knows no arithmetic, no folders and no differences between items.
BEYOND = ["65536", ":0", "../", "/../", "80:81", "nan", "inf", "\\u0000", "x86_64", '"ghcr.io/"', "1979"]


@pytest.mark.parametrize(
    "line",
    [line for line, code, *_ in BAD if code != "toml-syntax" and not any(each in line for each in BEYOND)],
)
def test_the_schema_refuses_what_is_refused(line: str):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(development(line)), json_schema())


def test_the_schema_is_a_schema():
    jsonschema.Draft7Validator.check_schema(json.loads(json_schema_text()))
