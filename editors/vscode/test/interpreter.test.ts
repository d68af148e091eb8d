import assert from "node:assert/strict";
import { test } from "node:test";
import {
  choosePython,
  isRecentEnough,
  parseFacts,
  PROBE_SCRIPT,
  pythonCandidates,
  type ProbedPython,
} from "../src/server/interpreter";
import { run } from "../src/server/run";

const probed = (version: [number, number, number] | undefined, canMakeEnvironments = true): ProbedPython => ({
  candidate: { source: "PATH", command: ["python3"] },
  facts: version === undefined ? undefined : { executable: "/usr/bin/python3", version, canMakeEnvironments },
});

test("a Python that was set is the only one tried", () => {
  assert.deepEqual(pythonCandidates("/opt/python", "/env/bin/python", "linux"), [
    { source: "setting", command: ["/opt/python"] },
  ]);
});

test("the Python extension's choice comes before PATH", () => {
  const candidates = pythonCandidates("", "/env/bin/python", "linux");
  assert.deepEqual(candidates[0], { source: "python extension", command: ["/env/bin/python"] });
  assert.equal(candidates[1]?.source, "PATH");
});

test("Windows asks its launcher first", () => {
  assert.deepEqual(pythonCandidates("", undefined, "win32")[0]?.command, ["py", "-3"]);
});

test("3.11 is the first that fits", () => {
  assert.equal(isRecentEnough([3, 10, 14]), false);
  assert.equal(isRecentEnough([3, 11, 0]), true);
  assert.equal(isRecentEnough([4, 0, 0]), true);
  assert.equal(isRecentEnough([2, 7, 18]), false);
});

test("the first that fits is chosen, and the others are explained", () => {
  const choice = choosePython([
    probed(undefined),
    probed([3, 8, 10]),
    probed([3, 12, 1], false),
    probed([3, 11, 2]),
    probed([3, 13, 0]),
  ]);
  assert.deepEqual(choice.chosen?.facts.version, [3, 11, 2]);
  assert.deepEqual(
    choice.rejected.map((rejection) => rejection.reason),
    ["not found", "too old", "cannot make environments"],
  );
  assert.equal(choice.rejected[1]?.version, "3.8.10");
});

test("none that fits", () => {
  assert.equal(choosePython([probed([3, 9, 0])]).chosen, undefined);
});

test("a real Python answers the probe", async () => {
  const { stdout } = await run(["python3", "-I", "-c", PROBE_SCRIPT], { timeoutMs: 20_000 });
  const facts = parseFacts(stdout);
  assert.equal(facts?.version[0], 3);
  assert.match(facts.executable, /python/);
});

test("an answer that is none", () => {
  assert.equal(parseFacts(""), undefined);
  assert.equal(parseFacts("Microsoft Store"), undefined);
  assert.equal(parseFacts('{"version": 3}'), undefined);
});
