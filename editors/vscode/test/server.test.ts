import assert from "node:assert/strict";
import { test } from "node:test";
import { afterExit, CRASH_WINDOW_MS, type ServerExit } from "../src/server/crashes";
import { LastLines } from "../src/server/lines";
import { ServerProcess } from "../src/server/process";
import { formatReport } from "../src/server/report";

const exit = (at: number): ServerExit => ({ at, code: 1, signal: null, answered: true });

test("restarts wait longer each time, and end at the fifth", () => {
  const delays: number[] = [];
  const exits: ServerExit[] = [];
  for (let count = 1; count <= 4; count += 1) {
    exits.push(exit(count));
    const next = afterExit(exits, 10);
    delays.push(next.kind === "restart" ? next.delayMs : -1);
  }
  assert.ok(delays.every((delay, index) => delay > (delays[index - 1] ?? 0)), String(delays));
  exits.push(exit(5));
  assert.deepEqual(afterExit(exits, 10), { kind: "give up" });
});

test("an old crash is forgotten", () => {
  const exits = [1, 2, 3, 4].map(exit);
  assert.deepEqual(
    afterExit([...exits, exit(CRASH_WINDOW_MS + 10)], CRASH_WINDOW_MS + 10),
    afterExit([exit(1)], 2),
  );
});

test("lines are whole, however they come, and the oldest go", () => {
  const lines = new LastLines(2);
  lines.add("one\ntw");
  lines.add("o\r\nthree\nfo");
  assert.deepEqual(lines.all, ["two", "three", "fo"]);
});

test("a report can be pasted and names no home folder", () => {
  const report = formatReport({
    extensionVersion: "0.1.0",
    editor: "Code 1.91.0",
    platform: "linux x64",
    serverCommand: ["/home/ada/.venv/bin/draft-ls"],
    serverVersion: undefined,
    trusted: true,
    exits: [{ at: 0, code: null, signal: "SIGKILL", answered: false }],
    lines: ["Traceback", '  File "/home/ada/x.py"'],
    homeFolder: "/home/ada",
  });
  assert.match(report, /~\/\.venv\/bin\/draft-ls/);
  assert.match(report, /1970-01-01T00:00:00\.000Z: signal SIGKILL, before it answered/);
  assert.match(report, /```text\nTraceback\n {2}File "~\/x\.py"\n```/);
  assert.doesNotMatch(report, /ada/);
});

test("a process keeps its last words", async () => {
  const started = await ServerProcess.start([process.execPath, "-e", "console.error('no module'); process.exit(3)"]);
  assert.deepEqual(await started.ended, { code: 3, signal: null });
  assert.deepEqual(started.lines.all, ["no module"]);
});

test("a command that does not exist is an error, not a process", async () => {
  await assert.rejects(ServerProcess.start(["/no/such/server"]), /ENOENT/);
});
