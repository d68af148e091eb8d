"""Benchmarks: one JSON object on standard output. Run by ``scripts/bench``."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import sys

BENCHES = ("core", "loop", "detect", "editor", "builder")


def main() -> None:
    parser = argparse.ArgumentParser("bench")
    parser.add_argument("name", choices=BENCHES)
    parser.add_argument("--runs", type=int)
    parser.add_argument("--context")
    parser.add_argument("--local", action="store_true")
    parser.add_argument("--registry")
    parser.add_argument("--only", help="of the bench's parts, only those whose name holds this")
    options = parser.parse_args()
    bench = importlib.import_module(f"benches.{options.name}")
    json.dump(asyncio.run(bench.measure(options)), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
