// Journeys of a person through a real VS Code, against the real server and the real cluster.
//
//   node run.mjs               all of them
//   node run.mjs create up     only those whose names begin so
//
// Screenshots go to test-output/vscode/. The last line is `N passed, N failed`.
import { execFileSync } from "node:child_process";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { clusterEnvironment, Ground, REPOSITORY, SERVER } from "./ground.mjs";
import { Editor, missingParts, packageExtension } from "./harness.mjs";

const LIMIT_MS = 120_000;
const shots = path.join(REPOSITORY, "test-output/vscode");

const missing = missingParts();
if (missing.length > 0) execFileSync(path.join(REPOSITORY, "scripts/vscode-setup"), { stdio: "inherit" });

const wanted = process.argv.slice(2);
const names = (await readdir(path.join(import.meta.dirname, "journeys"))).map((name) => path.basename(name, ".mjs")).sort();
const chosen = names.filter((name) => wanted.length === 0 || wanted.some((one) => name.replace(/^\d+-/, "").startsWith(one)));
if (chosen.length === 0) throw new Error(`no journey is called so; there are: ${names.join(", ")}`);

await rm(shots, { recursive: true, force: true });
await mkdir(shots, { recursive: true });
const environment = await clusterEnvironment();
const ground = new Ground(environment);
const vsix = await packageExtension();
const machineSettings = { "draft.server.command": [SERVER] };
const editor = await Editor.start({ vsix, machineSettings, environment });

const failures = [];

/** Runs one journey; says how it went, and keeps what its windows showed when it failed. */
async function travel(name, { default: journey, limitMs = LIMIT_MS }, attempt = "") {
  const started = performance.now();
  const windows = [];
  const editors = [];
  const open = async (inEditor, target, options) => {
    const workbench = await inEditor.open(target, options);
    windows.push(workbench);
    return workbench;
  };
  const context = {
    editor,
    ground,
    environment,
    folder: () => editor.folder(name.replace(/^\d+-/, "") + attempt),
    open: (target, options) => open(editor, target, options),
    /** An editor of the journey's own: see `Editor.start`. */
    startEditor: async (options) => {
      const own = await Editor.start({ vsix, ...options });
      editors.push(own);
      return { own, openThere: (target, options) => open(own, target, options) };
    },
    note: (text) => console.log(`       ${name}: ${text}`),
    shot: (workbench, what) => workbench.screenshot(path.join(shots, `${name}-${what}.png`)),
  };
  try {
    await limited(journey(context), limitMs);
    report("ok", name, started);
  } catch (error) {
    failures.push(name);
    report("FAILED", name, started);
    console.error(error);
    for (const [index, workbench] of windows.entries()) {
      await context.shot(workbench, `failure${index}`).catch(() => undefined);
    }
    for (const own of editors) console.error(await own.extensionLogs());
  }
  for (const workbench of windows) await workbench.close().catch(() => undefined);
  for (const own of editors) await own.stop();
}

// Journeys with an editor of their own run alongside the others, which share one; both take turns among themselves.
const journeys = await Promise.all(chosen.map(async (name) => [name, await import(`./journeys/${name}.mjs`)]));
const inTurn = async (chosen) => {
  for (const [name, journey] of chosen) await travel(name, journey);
};
await Promise.all([
  inTurn(journeys.filter(([, journey]) => journey.alongside)),
  inTurn(journeys.filter(([, journey]) => !journey.alongside)),
]);

// A browser on a busy machine can hiccup: what failed is tried once more, alone and in the open.
for (const name of failures.splice(0)) {
  console.log(`once more: ${name}`);
  await travel(name, Object.fromEntries(journeys)[name], "-again");
}

if (editor.outside.size > 0) {
  failures.push("offline");
  console.error("The window asked for something outside this machine:", [...editor.outside]);
}
await writeFile(path.join(shots, "code-server.log"), editor.log);
await writeFile(path.join(shots, "draft.log"), await editor.extensionLogs());
await editor.stop();
await ground.cleanUp();
console.log(`${chosen.length - failures.filter((name) => name !== "offline").length} passed, ${failures.length} failed`);
process.exit(failures.length === 0 ? 0 : 1);

function report(verdict, name, started) {
  console.log(`${verdict.padEnd(6)} ${name.padEnd(24)} ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

async function limited(journey, limitMs) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${limitMs / 1000} s`)), limitMs);
  });
  try {
    await Promise.race([journey, limit]);
  } finally {
    clearTimeout(timer);
  }
}
