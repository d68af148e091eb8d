/** The server's own virtual environment in the extension's storage: made, updated and repaired here. */

import { createHash } from "node:crypto";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  environmentPython,
  installSteps,
  parseMarker,
  planInstall,
  wheelVersion,
  type BundledWheel,
  type InstallMarker,
  type InstallPlan,
  type InstallStep,
} from "./installPlan";
import { run } from "./run";

const MARKER = "installed.json";
const LOCK = "install.lock";

export interface InstallObserver {
  step(title: InstallStep["title"]): void;
  log(line: string): void;
  readonly signal: AbortSignal;
}

/** The wheel that `npm run package` put beside the code; undefined in a development checkout. */
export async function bundledWheel(extensionFolder: string): Promise<BundledWheel | undefined> {
  const folder = path.join(extensionFolder, "bundled");
  const names = await fs.readdir(folder).catch(() => [] as string[]);
  for (const name of names) {
    const version = wheelVersion(name);
    if (version === undefined) continue;
    const file = path.join(folder, name);
    const digest = createHash("sha256").update(await fs.readFile(file)).digest("hex");
    return { file, version, digest };
  }
  return undefined;
}

export class ServerEnvironment {
  private suspect = false;

  /** @param storage the extension's global storage folder; shared by all windows. */
  constructor(
    private readonly storage: string,
    private readonly wheel: BundledWheel,
  ) {}

  /** The next `plan` will repair: the server ended before it answered. */
  suspectBroken(): void {
    this.suspect = true;
  }

  async plan(): Promise<InstallPlan> {
    const marker = await this.readMarker();
    return planInstall(this.wheel, {
      marker,
      pythonExists: marker !== undefined && (await exists(marker.python)),
      suspect: this.suspect,
    });
  }

  /**
   * Makes the environment anew and returns its interpreter. Two windows that do this at once wait for each
   * other. Rejects with `CommandFailed` when a step fails; nothing half-made is ever used, as the marker is
   * written last.
   */
  async install(basePython: readonly string[], observer: InstallObserver): Promise<string> {
    await fs.mkdir(this.storage, { recursive: true });
    return this.locked(observer.signal, async () => {
      const plan = await this.plan();
      if (plan.kind === "use") return plan.python; // another window was faster
      const folder = path.join(this.storage, `server-${this.wheel.digest.slice(0, 12)}`);
      const python = environmentPython(folder, process.platform);
      await fs.rm(path.join(this.storage, MARKER), { force: true });
      for (const step of installSteps(basePython, folder, python, this.wheel.file)) {
        observer.step(step.title);
        observer.log(`> ${step.command.join(" ")}`);
        const finished = await run(step.command, { timeoutMs: step.timeoutMs, signal: observer.signal });
        observer.log((finished.stdout + finished.stderr).trimEnd());
      }
      await this.writeMarker({ digest: this.wheel.digest, version: this.wheel.version, python });
      this.suspect = false;
      await this.removeOthers(path.basename(folder));
      return python;
    });
  }

  private async readMarker(): Promise<InstallMarker | undefined> {
    const text = await fs.readFile(path.join(this.storage, MARKER), "utf8").catch(() => "");
    return parseMarker(text);
  }

  private async writeMarker(marker: InstallMarker): Promise<void> {
    const file = path.join(this.storage, MARKER);
    await fs.writeFile(`${file}.new`, JSON.stringify(marker));
    await fs.rename(`${file}.new`, file);
  }

  private async removeOthers(kept: string): Promise<void> {
    for (const name of await fs.readdir(this.storage)) {
      if (!name.startsWith("server-") || name === kept) continue;
      // Another window may still run from it (Windows refuses then); the next update tries again.
      await fs.rm(path.join(this.storage, name), { recursive: true, force: true }).catch(() => undefined);
    }
  }

  private async locked<T>(signal: AbortSignal, action: () => Promise<T>): Promise<T> {
    const lock = path.join(this.storage, LOCK);
    while (!(await takeLock(lock))) await delay(500, undefined, { signal });
    try {
      return await action();
    } finally {
      await fs.rm(lock, { force: true });
    }
  }
}

async function takeLock(lock: string): Promise<boolean> {
  try {
    await fs.writeFile(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const owner = Number(await fs.readFile(lock, "utf8").catch(() => ""));
  if (Number.isInteger(owner) && owner > 0 && isAlive(owner)) return false;
  await fs.rm(lock, { force: true }); // its window is gone
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function exists(file: string): Promise<boolean> {
  return fs.access(file).then(
    () => true,
    () => false,
  );
}
