// Builds the server's wheel from the repository into bundled/, so that the extension can install it anywhere.
// PYTHON names the interpreter with the `build` package; the repository's .venv has it.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";

const here = path.resolve(import.meta.dirname, "..");
const repository = path.resolve(here, "../..");
const bundled = path.join(here, "bundled");
const virtual = path.join(repository, ".venv/bin/python");
const python = process.env.PYTHON ?? (existsSync(virtual) ? virtual : "python3");

rmSync(bundled, { recursive: true, force: true });
mkdirSync(bundled);
execFileSync(python, ["-m", "build", "--wheel", "--no-isolation", "--outdir", bundled, repository], {
  stdio: ["ignore", "ignore", "inherit"],
});
console.log(readdirSync(bundled).join("\n"));
