/** The log channel with everything that builds and releases say, and one channel for each app's own log. */

import * as vscode from "vscode";
import type { LogParams, StatusParams } from "../protocol";
import { buildLine, plain, problemText } from "./logText";
import { stateWord } from "./words";

export class Output implements vscode.Disposable {
  private readonly appChannels = new Map<string, vscode.OutputChannel>();
  private readonly lastStates = new Map<string, string>();

  constructor(readonly log: vscode.LogOutputChannel) {}

  lines(params: LogParams, name: string): void {
    if (params.dropped !== undefined && params.dropped > 0) {
      this.log.warn(`[${name}] ${params.dropped} lines were left out`);
    }
    for (const line of params.lines) {
      if (line.stage === undefined) {
        this.appChannel(params.app, name).appendLine(`${line.stream} | ${plain(line.text)}`);
        continue;
      }
      const built = buildLine(name, line);
      if (built !== undefined) this.log[built.level](built.text);
    }
  }

  /** Each state once, with what it means. */
  status(status: StatusParams): void {
    const key = `${status.app}#${status.environment}`;
    const said = `${status.run} ${status.state} ${status.message}`;
    if (this.lastStates.get(key) === said) return;
    this.lastStates.set(key, said);
    if (status.state === "idle" && status.run === 0) return;
    const line = `[${status.name}/${status.environment}] ${stateWord(status.state)}: ${status.message}`;
    this.log[status.state === "failed" ? "error" : "info"](line);
    if (status.state !== "failed" && status.state !== "held") return;
    for (const problem of status.problems ?? []) {
      const path = problem.uri === undefined ? undefined : vscode.Uri.parse(problem.uri).fsPath;
      this.log[problem.severity === "error" ? "error" : "warn"](problemText(problem, path));
    }
  }

  showAppLog(app: string, name: string): void {
    this.appChannel(app, name).show(true);
  }

  private appChannel(app: string, name: string): vscode.OutputChannel {
    let channel = this.appChannels.get(app);
    if (channel === undefined) {
      channel = vscode.window.createOutputChannel(`Draft: ${name}`);
      this.appChannels.set(app, channel);
    }
    return channel;
  }

  dispose(): void {
    for (const channel of this.appChannels.values()) channel.dispose();
  }
}
