"""What a person is told of a release."""

from dataclasses import replace

from draft_ls.deploy.model import Release
from draft_ls.engine.deployed import told

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
