// Bundles the extension into dist/extension.js and copies the schema that the repository generates.
import { copyFile, mkdir } from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";

const here = path.resolve(import.meta.dirname, "..");
const production = process.argv.includes("--production");

await mkdir(path.join(here, "schemas"), { recursive: true });
await copyFile(path.join(here, "../../docs/draft.schema.json"), path.join(here, "schemas/draft.schema.json"));
await build({
  absWorkingDir: here,
  entryPoints: ["src/extension.ts"],
  outfile: "dist/extension.js",
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  external: ["vscode"],
  minify: production,
  sourcemap: !production,
  logLevel: "warning",
});
