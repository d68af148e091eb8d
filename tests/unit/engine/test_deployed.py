"""What a person is told of a release."""

from dataclasses import replace

import pytest

from draft_ls.deploy.model import Release
from draft_ls.engine.deployed import last_good, told
from draft_ls.engine.events import Outcome
from draft_ls.engine.model import Deployment
from draft_ls.errors import DraftError

NOTES = "\nOpen it:\n  kubectl port-forward\n\nBye\n"
RELEASE = Release("app", "default", 1, "deployed", "", notes=NOTES, installed=True)


def test_a_new_release_is_told_with_the_notes_of_its_chart():
    assert told(RELEASE).split("\n") == [
        "Status: DEPLOYED",
        "Notes: Open it:",
        "    kubectl port-forward",
        "  Bye",
    ]


def test_the_notes_are_told_once():
    assert told(replace(RELEASE, installed=False)) == "Status: DEPLOYED"
    assert told(replace(RELEASE, notes=" \n")) == "Status: DEPLOYED"


def entry(
    revision: int | None, content: str, image: str | None = None, outcome: Outcome = Outcome.LIVE
) -> Deployment:
    return Deployment(
        at="2026-01-01T00:00:00+00:00", outcome=outcome, cause="up", context="c", namespace="n", release="app",
        revision=revision, image=f"app:{image or content}", image_digest=None, content_digest=content, files=(),
        took=1.0,
    )  # fmt: skip


def test_the_last_good_one_is_of_other_content():
    history = (entry(4, "c"), entry(3, "c"), entry(2, "b"), entry(1, "a"))
    assert last_good(history) == 2


def test_after_a_sync_the_image_below_it_is_the_last_good_one():
    history = (entry(2, "c", image="b"), entry(2, "b"), entry(1, "a"))
    assert last_good(history) == 2


def test_a_synced_content_cannot_be_gone_back_to():
    history = (entry(3, "d"), entry(2, "c", image="b"), entry(1, "a"))
    assert last_good(history) == 1


def test_after_a_failure_the_last_live_one_is_good():
    history = (entry(3, "c", outcome=Outcome.FAILED), entry(2, "b"), entry(1, "a"))
    assert last_good(history) == 2


def test_nothing_to_go_back_to():
    with pytest.raises(DraftError, match="No earlier deployment"):
        last_good((entry(1, "a"),))
