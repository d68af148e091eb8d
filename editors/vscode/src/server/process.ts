/** One server process: its pipes for the protocol, its last words for the report. */

import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { homedir } from "node:os";
import { LastLines } from "./lines";

const KEPT_LINES = 60;
const KILL_AFTER_MS = 3_000;
const LAST_WORDS_MS = 300;

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

export class ServerProcess {
  readonly lines = new LastLines(KEPT_LINES);
  readonly ended: Promise<ProcessEnd>;

  private constructor(readonly child: ChildProcessWithoutNullStreams) {
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => this.lines.add(chunk));
    this.ended = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        const end = () => resolve({ code, signal });
        child.once("close", end);
        // A grandchild can hold the pipes open: its words are not waited for.
        setTimeout(end, LAST_WORDS_MS);
      });
    });
  }

  /**
   * Starts the command; rejects when it cannot be run at all. It runs in the home folder: the server is told
   * its workspace by the protocol, and nothing in a workspace may decide what the process loads.
   */
  static async start(command: readonly string[]): Promise<ServerProcess> {
    const [program = "", ...args] = command;
    const child = spawn(program, args, { cwd: homedir(), windowsHide: true });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    child.on("error", (error) => console.error("draft: the server process", error));
    return new ServerProcess(child);
  }

  /** Gives the process time to end by itself, then ends it. */
  async end(): Promise<void> {
    const timer = setTimeout(() => this.child.kill("SIGKILL"), KILL_AFTER_MS);
    await this.ended;
    clearTimeout(timer);
  }
}
