/** The status bar item: a shell around `statusText.ts`. */

import * as vscode from "vscode";
import type { LanguageServer } from "../server/languageServer";
import type { Store } from "../store";
import { renderStatus, TOOLTIP_COMMANDS } from "./statusText";

const PRIORITY = 50;

export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem(
    "draft.status",
    vscode.StatusBarAlignment.Left,
    PRIORITY,
  );
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly server: LanguageServer,
    private readonly store: Store,
  ) {
    this.item.name = "Draft";
    const update = () => this.update();
    this.subscriptions = [
      this.item,
      server.onDidChangeState(update),
      store.onDidChange(update),
      vscode.window.onDidChangeActiveTextEditor(update),
      vscode.workspace.onDidGrantWorkspaceTrust(update),
    ];
    this.update();
  }

  private update(): void {
    const status = this.store.focusedStatus;
    const view = renderStatus({
      server: this.server.state,
      status,
      app: this.store.focused?.name,
      several: this.store.apps.length > 1,
      detected: describeDetection(this.store),
      trusted: vscode.workspace.isTrusted,
    });
    if (view === undefined) {
      this.item.hide();
      return;
    }
    this.item.text = view.text;
    this.item.tooltip = tooltip(view.tooltip);
    this.item.command = {
      command: view.command,
      title: view.label,
      arguments: status === undefined ? [] : [{ app: status.app, environment: status.environment }],
    };
    this.item.backgroundColor =
      view.severity === "normal" ? undefined : new vscode.ThemeColor(`statusBarItem.${view.severity}Background`);
    this.item.accessibilityInformation = { label: view.label, role: "button" };
    this.item.show();
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}

function describeDetection(store: Store): string | undefined {
  const first = store.apps.length === 0 ? store.detections[0] : undefined;
  return first === undefined ? undefined : (first.framework ?? first.language);
}

function tooltip(markdown: string): vscode.MarkdownString {
  const text = new vscode.MarkdownString(markdown, true);
  text.isTrusted = { enabledCommands: [...TOOLTIP_COMMANDS] };
  return text;
}
