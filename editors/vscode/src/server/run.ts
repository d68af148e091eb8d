/** Short-lived child processes: an argument list, no shell, a timeout, and the last lines when it fails. */

import { execFile } from "node:child_process";

export interface Finished {
  readonly stdout: string;
  readonly stderr: string;
}

export class CommandFailed extends Error {
  constructor(
    readonly command: readonly string[],
    readonly exitCode: number | string | undefined,
    readonly output: string,
  ) {
    super(`${command.join(" ")} ended with ${exitCode ?? "no exit code"}`);
    this.name = "CommandFailed";
  }

  /** The last lines of what it printed: enough to see why, short enough to show. */
  get tail(): string {
    return this.output.trim().split("\n").slice(-8).join("\n");
  }
}

export interface RunOptions {
  readonly timeoutMs: number;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
}

/** Runs a command to its end; rejects with `CommandFailed` unless it exits with 0. */
export async function run(command: readonly string[], options: RunOptions): Promise<Finished> {
  const [program = "", ...args] = command;
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      {
        timeout: options.timeoutMs,
        cwd: options.cwd,
        signal: options.signal,
        maxBuffer: 32 * 1024 * 1024,
        windowsHide: true,
      },
      (error, stdout, stderr) => {
        if (error === null) resolve({ stdout, stderr });
        else reject(new CommandFailed(command, error.code ?? undefined, stdout + stderr || error.message));
      },
    );
    child.stdin?.end();
  });
}
