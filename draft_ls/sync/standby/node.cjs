// What an app's own Node runs before anything else in development, by NODE_OPTIONS=--require. For Node 14 and newer.
//
// In the app it does one thing: it notes that it runs there. In a standby it loads the packages that the app's sources
// name, and stops until the process is woken to become the app. Nothing of the app itself is loaded before that.
"use strict";

const fs = require("fs");
const path = require("path");

const SKIPPED = new Set(["node_modules", "test", "tests", "__tests__", "public"]);
/** How much of the sources is looked at. */
const FOLDERS = 1000, FILES = 500, BYTES = 4e6;
/** An app that takes more bytes of memory gets no standby. */
const LARGE = 512 * 1024 * 1024;
/** Packages that change those loaded after them. */
const FIRST = /["'](?:dd-trace|newrelic|elastic-apm-node|applicationinsights|appmetrics|@opentelemetry|@sentry)\b/;
/** An environment that is set before packages are loaded, which may look at it. */
const SETS = /process\.env(?:\.\w+|\[[^\]]+\])\s*=(?!=)|["']dotenv/;
const NAMED = /(\brequire\(|\bfrom\s*|\bimport\s*)\s*["']([^"'.\/][^"'\n]*)["']/g;
/** Starters of other processes: it is those that load the app. */
const STARTERS = new Set(["npm", "npm-cli.js", "npx", "npx-cli.js", "pnpm", "pnpm.cjs", "yarn", "yarn.js"]);
const BUILT_IN = ["http", "https", "crypto", "stream", "util", "url", "querystring", "zlib", "events", "net", "tls"];

/** Take ourselves out of the environment, so that the app's children know nothing of us. */
function main() {
  const rest = (process.env.NODE_OPTIONS || "").replace(`--require ${__filename}`, "").trim();
  if (rest) process.env.NODE_OPTIONS = rest;
  else delete process.env.NODE_OPTIONS;
  if (process.env.DRAFT_STANDBY) {
    delete process.env.DRAFT_STANDBY;
    standBy();
  }
  try {
    fs.writeFileSync(path.join(__dirname, "seen"), `${process.pid}\n`);
  } catch {
    // another user's folder: then there is no standby
  }
}

/** Load what can be loaded, and stop until somebody wakes this process. */
function standBy() {
  if (!hasRoom()) process.exit(0);
  try {
    load();
  } catch {
    // what cannot be loaded now, the app loads itself
  }
  process.kill(process.pid, "SIGSTOP");
  fs.closeSync(9); // by which the supervisor and the sync know a standby
}

/** Whether the container may well hold the app twice, and has more than a part of a processor. */
function hasRoom() {
  const processes = fs.readdirSync("/proc").filter((each) => /^\d+$/.test(each));
  const used = processes.reduce((sum, each) => sum + 4096 * Number(read(`/proc/${each}/statm`).split(" ")[1] || 0), 0);
  const limit = number("memory.max") || number("memory/memory.limit_in_bytes") || LARGE * 4;
  const share = number("cpu.max") || number("cpu/cpu.cfs_quota_us") || 100000;
  return used < LARGE && used * 2.5 < limit && share >= 50000;
}

/** A limit of this container's control group; 0 for none. */
function number(name) {
  return Math.max(parseInt(read(`/sys/fs/cgroup/${name}`), 10) || 0, 0);
}

function read(file) {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** Load the packages that the app will load first thing. */
function load() {
  if (STARTERS.has(path.basename(process.argv[1] || ""))) return;
  const text = [...sources()].join("\n");
  if (FIRST.test(text)) return;
  BUILT_IN.forEach((each) => require(each));
  if (SETS.test(text)) return;
  const from = require("module").createRequire(path.join(process.cwd(), "package.json"));
  const seen = new Set();
  for (const [, how, name] of text.matchAll(NAMED)) {
    if (seen.has(how + name)) continue;
    seen.add(how + name);
    try {
      const file = from.resolve(name);
      if (file.includes("/node_modules/") && isTheOne(file, how)) from(name);
    } catch {
      // not there, or not for a `require`
    }
  }
}

/** Whether a package's file is what the app itself gets, by `require` or by `import`. */
function isTheOne(file, how) {
  if (!/\.c?js$/.test(file)) return false;
  let folder = path.dirname(file);
  while (folder !== "/" && !fs.existsSync(path.join(folder, "package.json"))) folder = path.dirname(folder);
  const manifest = JSON.parse(read(path.join(folder, "package.json")) || "{}");
  if (manifest.type === "module" && !file.endsWith(".cjs")) return false;
  return how.startsWith("require") || !JSON.stringify(manifest.exports || "").includes('"import"');
}

/** The app's sources, as far as they are read. */
function* sources() {
  if (process.cwd() === "/") return;
  const folders = [process.cwd()];
  let files = 0, size = 0;
  for (let count = 0; folders.length && count < FOLDERS; count++) {
    const folder = folders.shift();
    for (const each of fs.readdirSync(folder, { withFileTypes: true })) {
      const full = path.join(folder, each.name);
      if (each.isDirectory() && !SKIPPED.has(each.name) && each.name[0] !== ".") folders.push(full);
      else if (each.isFile() && /\.[cm]?[jt]s$/.test(each.name) && files < FILES && size < BYTES) {
        const text = read(full);
        files += 1;
        size += text.length;
        yield text;
      }
    }
  }
}

if (require("worker_threads").isMainThread) main();
