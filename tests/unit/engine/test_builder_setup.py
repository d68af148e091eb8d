"""What ``draft init`` hands to the builder's chart: what was set before, and what is set now."""

from __future__ import annotations

import pytest

from draft_ls.engine.builder_setup import BuilderOptions, kept_values

OWN_KIT = {"engine": "buildkit", "image": "own"}


@pytest.mark.parametrize(
    ("before", "options", "after"),
    [
        ({}, BuilderOptions(), {}),
        ({"image": "own", "parallel": 3}, BuilderOptions(), {"image": "own", "parallel": 3}),
        ({"image": "own"}, BuilderOptions(engine="buildah"), {"image": "own"}),
        ({"image": "own", "parallel": 3}, BuilderOptions(engine="buildkit"), {"parallel": 3}),
        (OWN_KIT, BuilderOptions(engine="buildkit"), OWN_KIT),
        (OWN_KIT, BuilderOptions(privileged=True), OWN_KIT),
        (OWN_KIT, BuilderOptions(engine="buildah"), {"engine": "buildkit"}),
    ],
)  # fmt: skip
def test_what_was_set_stays_but_another_engine_gets_an_image_of_its_own(
    before: dict[str, object], options: BuilderOptions, after: dict[str, object]
) -> None:
    assert kept_values(before, options) == after
