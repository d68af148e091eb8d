"""Every app of the table is found, with every fact and nothing more, and each fact points at what says so."""

from __future__ import annotations

import pytest

from draft_ls.detect.commands import shell_line
from draft_ls.detect.detect import detect, explain, survey
from tests.unit.detect.table import Sample, described, samples

SAMPLES = samples()


def test_the_table_is_broad() -> None:
    assert len(SAMPLES) >= 150
    assert len({sample.name for sample in SAMPLES}) >= 150


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_app(sample: Sample) -> None:
    found = survey(sample.tree)
    assert tuple(described(app) for app in found.apps) == sample.expected
    assert bool(found.reason) == (not sample.expected)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_evidence_is_real(sample: Sample) -> None:
    for app in detect(sample.tree):
        facts = [app.framework, app.version, app.package_manager, app.build, app.start, app.port, app.health]
        cited = [*app.evidence, *(each for fact in facts if fact for each in fact.evidence)]
        cited += [each for fact in app.variables for each in fact.evidence]
        assert app.evidence
        for evidence in cited:
            assert evidence.path in sample.files
            assert evidence.seen
            if evidence.span:
                lines = sample.files[evidence.path].split("\n")
                assert evidence.span.start <= evidence.span.end
                assert evidence.span.end.line < len(lines)
                assert evidence.span.end.character <= len(lines[evidence.span.end.line])


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_the_start_command_is_explained_as_a_person_would_type_it(sample: Sample) -> None:
    for app in detect(sample.tree):
        if app.start:
            assert f"  start: {shell_line(app.start.value)} (" in explain(app)
