/** The channel that languageclient traces to follows the setting, not the channel's own log level. */

import assert from "node:assert/strict";
import { test } from "node:test";
import * as vscode from "vscode";
import { Trace } from "../src/server/trace";

const { __state: state } = vscode as unknown as {
  __state: { settings: Record<string, unknown>; changeSetting(name: string, value: unknown): void };
};

test("the setting turns messages on and off, and they are shown", () => {
  const lines: string[] = [];
  const shown = { logLevel: vscode.LogLevel.Info, info: (line: string) => lines.push(line) };
  const trace = new Trace(shown as never);
  const levels: vscode.LogLevel[] = [];
  trace.channel.onDidChangeLogLevel((level) => levels.push(level));
  assert.equal(trace.channel.logLevel, vscode.LogLevel.Info);

  state.changeSetting("draft.trace.server", "verbose");
  assert.equal(trace.channel.logLevel, vscode.LogLevel.Trace);
  trace.channel.trace("Sending request 'initialize'");
  assert.deepEqual(lines, ["Sending request 'initialize'"]);

  state.changeSetting("draft.trace.server", "off");
  state.changeSetting("draft.saveGate", false);
  assert.deepEqual(levels, [vscode.LogLevel.Trace, vscode.LogLevel.Info]);
  trace.dispose();
});
