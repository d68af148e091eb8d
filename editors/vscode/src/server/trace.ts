/** Where the messages between editor and server are written, if the setting `draft.trace.server` asks for them. */

import * as vscode from "vscode";
import { SECTION } from "../settings";

const SETTING = "trace.server";

/**
 * languageclient traces to a channel only while its log level is *Trace*, whatever the setting says. This one has
 * the level that the setting means, and writes to another channel what that would not show.
 */
export class Trace implements vscode.Disposable {
  /** For languageclient's `traceOutputChannel`. */
  readonly channel: vscode.LogOutputChannel;
  private readonly levelChanged = new vscode.EventEmitter<vscode.LogLevel>();
  private readonly subscription: vscode.Disposable;

  /** @param shown where the messages appear. */
  constructor(shown: vscode.LogOutputChannel) {
    this.channel = Object.create(shown, {
      logLevel: { get: level },
      onDidChangeLogLevel: { value: this.levelChanged.event },
      trace: { value: (message: string) => shown.info(message) },
    }) as vscode.LogOutputChannel;
    this.subscription = vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(`${SECTION}.${SETTING}`)) this.levelChanged.fire(level());
    });
  }

  dispose(): void {
    this.subscription.dispose();
    this.levelChanged.dispose();
  }
}

function level(): vscode.LogLevel {
  const wanted = vscode.workspace.getConfiguration(SECTION).get<string>(SETTING, "off");
  return wanted === "off" ? vscode.LogLevel.Info : vscode.LogLevel.Trace;
}
