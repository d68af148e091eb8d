import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import { bundledWheel, ServerEnvironment, type InstallObserver } from "../src/server/environment";
import { parseMarker, planInstall, wheelVersion, type BundledWheel } from "../src/server/installPlan";
import { CommandFailed, run } from "../src/server/run";

const WHEEL: BundledWheel = { file: "/x/draft_ls-0.1.0-py3-none-any.whl", version: "0.1.0", digest: "aa" };
const MARKER = { digest: "aa", version: "0.1.0", python: "/s/bin/python" };
const WELL = { marker: MARKER, pythonExists: true, suspect: false };

test("what is there and fits is used", () => {
  assert.deepEqual(planInstall(WHEEL, WELL), { kind: "use", python: "/s/bin/python" });
});

test("first, update and repair are told apart", () => {
  const reason = (changes: object) => {
    const plan = planInstall(WHEEL, { ...WELL, ...changes });
    return plan.kind === "install" ? plan.reason : undefined;
  };
  assert.equal(reason({ marker: undefined }), "first");
  assert.equal(reason({ marker: { ...MARKER, digest: "bb" } }), "update");
  assert.equal(reason({ pythonExists: false }), "repair");
  assert.equal(reason({ suspect: true }), "repair");
});

test("a damaged marker counts as not installed", () => {
  assert.equal(parseMarker("{"), undefined);
  assert.equal(parseMarker('{"digest": 1}'), undefined);
  assert.deepEqual(parseMarker(JSON.stringify(MARKER)), MARKER);
});

test("a wheel's version is in its name", () => {
  assert.equal(wheelVersion("draft_ls-1.2.3-py3-none-any.whl"), "1.2.3");
  assert.equal(wheelVersion("other-1.2.3-py3-none-any.whl"), undefined);
});

/** A wheel with nothing in it but a version, as pip accepts it. */
async function makeWheel(folder: string, version: string): Promise<void> {
  const script = `
import sys, zipfile
name = f"{sys.argv[1]}/draft_ls-{sys.argv[2]}-py3-none-any.whl"
info = f"draft_ls-{sys.argv[2]}.dist-info"
with zipfile.ZipFile(name, "w") as wheel:
    wheel.writestr("draft_ls/__init__.py", "")
    wheel.writestr("draft_ls/__main__.py", f"print('draft-ls {sys.argv[2]}')")
    wheel.writestr(info + "/METADATA", f"Metadata-Version: 2.1\\nName: draft-ls\\nVersion: {sys.argv[2]}\\n")
    wheel.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "/RECORD", "")
`;
  await fs.rm(path.join(folder, "bundled"), { recursive: true, force: true });
  await fs.mkdir(path.join(folder, "bundled"), { recursive: true });
  execFileSync("python3", ["-c", script, path.join(folder, "bundled"), version]);
}

function observer(steps: string[]): InstallObserver {
  return {
    step: (title) => steps.push(title),
    log: () => undefined,
    signal: new AbortController().signal,
  };
}

async function environmentOf(folder: string): Promise<ServerEnvironment> {
  const wheel = await bundledWheel(folder);
  assert.ok(wheel);
  return new ServerEnvironment(path.join(folder, "storage"), wheel);
}

test("a real environment is made, used, repaired and updated", async (context) => {
  const folder = await fs.mkdtemp(path.join(tmpdir(), "draft-install-"));
  context.after(() => fs.rm(folder, { recursive: true, force: true }));
  await makeWheel(folder, "0.1.0");
  const environment = await environmentOf(folder);

  const steps: string[] = [];
  const python = await environment.install(["python3"], observer(steps));
  assert.deepEqual(steps, ["environment", "packages", "check"]);
  const { stdout } = await run([python, "-I", "-m", "draft_ls"], { timeoutMs: 20_000 });
  assert.equal(stdout.trim(), "draft-ls 0.1.0");
  assert.deepEqual(await environment.plan(), { kind: "use", python });

  await fs.rm(python); // as when the Python it was made from is removed
  assert.deepEqual(await environment.plan(), { kind: "install", reason: "repair" });
  await environment.install(["python3"], observer([]));
  assert.deepEqual(await environment.plan(), { kind: "use", python });

  await makeWheel(folder, "0.2.0");
  const newer = await environmentOf(folder);
  assert.deepEqual(await newer.plan(), { kind: "install", reason: "update" });
  const newPython = await newer.install(["python3"], observer([]));
  assert.notEqual(newPython, python);
  await assert.rejects(fs.access(python), "the old environment is removed");
});

test("two windows install once", async (context) => {
  const folder = await fs.mkdtemp(path.join(tmpdir(), "draft-install-"));
  context.after(() => fs.rm(folder, { recursive: true, force: true }));
  await makeWheel(folder, "0.1.0");
  const steps: string[] = [];
  const [one, two] = await Promise.all([
    (await environmentOf(folder)).install(["python3"], observer(steps)),
    (await environmentOf(folder)).install(["python3"], observer(steps)),
  ]);
  assert.equal(one, two);
  assert.deepEqual(steps, ["environment", "packages", "check"]);
});

test("a failed installation says why, and leaves nothing that is used", async (context) => {
  const folder = await fs.mkdtemp(path.join(tmpdir(), "draft-install-"));
  context.after(() => fs.rm(folder, { recursive: true, force: true }));
  await fs.mkdir(path.join(folder, "bundled"), { recursive: true });
  await fs.writeFile(path.join(folder, "bundled/draft_ls-0.1.0-py3-none-any.whl"), "no wheel");
  const environment = await environmentOf(folder);
  await assert.rejects(environment.install(["python3"], observer([])), (error) => {
    assert.ok(error instanceof CommandFailed);
    assert.match(error.tail, /wheel|zip/i);
    return true;
  });
  assert.deepEqual(await environment.plan(), { kind: "install", reason: "first" });
});

test("the lock of a window that is gone does not last", async (context) => {
  const folder = await fs.mkdtemp(path.join(tmpdir(), "draft-install-"));
  context.after(() => fs.rm(folder, { recursive: true, force: true }));
  await makeWheel(folder, "0.1.0");
  await fs.mkdir(path.join(folder, "storage"));
  await fs.writeFile(path.join(folder, "storage/install.lock"), "999999999");
  const python = await (await environmentOf(folder)).install(["python3"], observer([]));
  assert.match(python, /python/);
});
