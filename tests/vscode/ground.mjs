// The real ground of the journeys: cluster, apps made by the real `draft create`, and what must be gone afterwards.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cp, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export const REPOSITORY = path.resolve(import.meta.dirname, "../..");
export const SERVER = path.join(REPOSITORY, ".venv/bin/draft-ls");
const DRAFT = path.join(REPOSITORY, ".venv/bin/draft");

/** The variables that point Helm, kubectl and the server at the cluster; starts it when it is down. */
export async function clusterEnvironment() {
  const cluster = path.join(REPOSITORY, "scripts/cluster");
  // HELM, because a remote window takes its PATH from the login shell.
  const script = `"$1" up >&2 && eval "$("$1" env)" && printf '%s\\0' "$KUBECONFIG" "$PATH" "$(command -v helm)"`;
  const { stdout } = await run("bash", ["-c", script, "ground", cluster], { maxBuffer: 1 << 24 });
  const [KUBECONFIG, PATH, HELM] = stdout.split("\0");
  return { KUBECONFIG, PATH, HELM };
}

export class Ground {
  namespaces = [];

  constructor(environment) {
    this.environment = environment;
  }

  async run(command, args, options = {}) {
    return run(command, args, { ...options, env: { ...process.env, ...this.environment, ...options.env } });
  }

  async kubectl(...args) {
    return (await this.run("kubectl", args)).stdout;
  }

  /** A namespace's name that nobody else has; it is deleted at the end. */
  namespace() {
    const name = `test-vscode-${randomBytes(3).toString("hex")}`;
    this.namespaces.push(name);
    return name;
  }

  /** Copies an example into a folder. */
  async example(folder, name = "python") {
    await cp(path.join(REPOSITORY, "examples", name), folder, { recursive: true });
  }

  /** An example made ready by `draft create`, in a namespace of its own. */
  async app(folder, { name, example = "python", environments = ["development"] }) {
    await this.example(folder, example);
    await this.run(DRAFT, ["create", "--app", name, "--yes", folder], { cwd: folder });
    const namespace = this.namespace();
    const tables = environments.map((environment, index) => {
      const suffix = index === 0 ? "" : `-${environment}`;
      return [
        `  [environments.${environment}]`,
        `    name = "${name}${suffix}"`,
        `    namespace = "${namespace}"`,
        "    watch = true",
        "    watch_delay = 2",
        "",
      ].join("\n");
    });
    await writeFile(path.join(folder, "draft.toml"), ["[environments]", ...tables].join("\n"));
    return { folder, name, namespace };
  }

  async cleanUp() {
    if (this.namespaces.length === 0) return;
    await this.run("kubectl", ["delete", "namespace", "--ignore-not-found", "--wait=false", ...this.namespaces]);
  }
}

/** What a URL answers, or why it does not. */
export async function fetchText(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000), headers: { connection: "close" } });
    return await response.text();
  } catch (error) {
    return `no answer: ${error.cause?.code ?? error.message}`;
  }
}

export async function replaceInFile(file, before, after) {
  const text = await readFile(file, "utf8");
  if (!text.includes(before)) throw new Error(`${file} does not hold ${JSON.stringify(before)}`);
  await writeFile(file, text.replace(before, after));
}

/** Waits until `look` answers something true, and answers that. */
export async function until(what, look, timeoutMs = 30_000) {
  const end = Date.now() + timeoutMs;
  let last;
  for (;;) {
    last = await look();
    if (last) return last;
    if (Date.now() > end) throw new Error(`${what}: not within ${timeoutMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
