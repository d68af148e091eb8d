"""The benchmarks that need no cluster run, and print one JSON object."""

from __future__ import annotations

import json
import subprocess

import pytest

from ground import ROOT


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ("editor", "--runs", "3"),
            {"completion", "hover", "diagnosticAfterChange", "configAnalysis", "contractAnalysis"},
        ),
        (("detect", "--runs", "1", "--only", "1000"), {"1000", "10000"}),
    ],
)
def test_a_bench_prints_one_json_object(arguments: tuple[str, ...], expected: set[str]) -> None:
    done = subprocess.run(
        [ROOT / ".venv/bin/python", ROOT / "scripts/python/bench.py", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    result = json.loads(done.stdout)
    assert expected <= result.keys()
    assert all(each["p50_ms"] > 0 for each in result.values())
