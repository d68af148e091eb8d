/** The quick pick behind the status bar item: what makes sense now. */

import * as vscode from "vscode";
import type { Store, Target } from "../store";
import { isWorking } from "../view/statusText";

export async function showMenu(store: Store, target: Target | undefined): Promise<void> {
  const status = target === undefined ? store.focusedStatus : store.status(target);
  if (status === undefined) {
    await vscode.commands.executeCommand("draft.create");
    return;
  }
  const entry = (icon: string, label: string, command: string) => ({ label: `$(${icon}) ${label}`, command });
  const items = [
    isWorking(status.state)
      ? entry("circle-slash", vscode.l10n.t("Cancel"), "draft.cancel")
      : entry("rocket", vscode.l10n.t("Up"), "draft.up"),
    ...(status.watching ? [entry("debug-stop", vscode.l10n.t("Stop"), "draft.stop")] : []),
    ...(status.url === undefined ? [] : [entry("globe", vscode.l10n.t("Open App"), "draft.open")]),
    entry("lightbulb", vscode.l10n.t("Preview Next Save"), "draft.plan"),
    entry("list-flat", vscode.l10n.t("Show Logs"), "draft.logs"),
    entry("output", vscode.l10n.t("Show Output"), "draft.showOutput"),
    entry("history", vscode.l10n.t("History"), "draft.history"),
    entry("server-environment", vscode.l10n.t("Select Environment"), "draft.selectEnvironment"),
    entry("pulse", vscode.l10n.t("Doctor"), "draft.doctor"),
  ];
  const title = `${status.name} · ${status.environment}`;
  const picked = await vscode.window.showQuickPick(items, { title });
  if (picked === undefined) return;
  const argument = picked.command === "draft.selectEnvironment" ? { app: status.app } : { app: status.app, environment: status.environment };
  await vscode.commands.executeCommand(picked.command, argument);
}
