// Bundles each unit test and runs them in plain Node, with a stand-in for the `vscode` module.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";

const here = path.resolve(import.meta.dirname, "..");
const out = path.join(here, "out/test");
rmSync(out, { recursive: true, force: true });
await build({
  absWorkingDir: here,
  entryPoints: readdirSync(path.join(here, "test"))
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => `test/${name}`),
  outdir: out,
  outExtension: { ".js": ".cjs" },
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  external: ["vscode"],
  sourcemap: "inline",
  logLevel: "warning",
});
const tests = readdirSync(out).map((name) => path.join(out, name));
const finished = spawnSync(
  process.execPath,
  ["--enable-source-maps", "--require", path.join(here, "test/mock-vscode.cjs"), "--test-reporter=spec", "--test", ...tests],
  { stdio: "inherit", cwd: here },
);
process.exit(finished.status ?? 1);
