/** Which app and environment a command is about, from whatever it was started. */

import * as vscode from "vscode";
import type { ProblemInfo, StatusParams } from "../protocol";
import { appOf, selectedEnvironment } from "../selection";
import type { Store, Target } from "../store";
import { stateWord } from "../view/words";

/** What VS Code or one of our links passes to a command. */
export type CommandArgument =
  | vscode.Uri
  | Target
  | { readonly target?: Target; readonly revision?: number }
  | { readonly problem: ProblemInfo }
  | null
  | undefined;

/** The target that an argument names; undefined if it names none. */
export function namedTarget(argument: CommandArgument, store: Store): Target | undefined {
  if (argument instanceof vscode.Uri) {
    const app = appOf(argument.toString(), store.apps);
    return app === undefined ? undefined : { app: app.app };
  }
  if (argument === undefined || argument === null || typeof argument !== "object") return undefined;
  if ("app" in argument && typeof argument.app === "string") return argument;
  return "target" in argument ? argument.target : undefined;
}

/** The named target, else the app in focus, else the one that the person picks. */
export async function chooseTarget(argument: CommandArgument, store: Store): Promise<Target | undefined> {
  const named = namedTarget(argument, store);
  if (named !== undefined) return named;
  const editor = vscode.window.activeTextEditor;
  const active = editor === undefined ? undefined : appOf(editor.document.uri.toString(), store.apps);
  const app = active ?? (store.apps.length === 1 ? store.apps[0] : undefined);
  if (app !== undefined) return { app: app.app };
  if (store.apps.length === 0) {
    void offerCreate();
    return undefined;
  }
  return pickApp(store);
}

export async function pickApp(store: Store): Promise<Target | undefined> {
  const items = store.apps.map((app) => {
    const status = selectedEnvironment(app)?.status;
    return {
      label: app.name,
      description: vscode.workspace.asRelativePath(vscode.Uri.parse(app.app), true),
      detail: status === undefined ? undefined : stateDetail(status),
      target: { app: app.app },
    };
  });
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t("Draft: which app?"),
    matchOnDescription: true,
  });
  return picked?.target;
}

function stateDetail(status: StatusParams): string {
  return [status.environment, stateWord(status.state), status.url].filter((part) => part !== undefined).join(" · ");
}

async function offerCreate(): Promise<void> {
  const create = vscode.l10n.t("Create");
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t("No folder of this workspace has a draft.toml yet."),
    create,
  );
  if (chosen === create) await vscode.commands.executeCommand("draft.create");
}
