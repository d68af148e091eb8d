/** What `when` clauses in `package.json` look at. Pure, but for `apply`. */

import { isDeepStrictEqual } from "node:util";
import * as vscode from "vscode";
import type { AppInfo, StatusParams } from "./protocol";
import { isWorking } from "./view/statusText";

export type ContextKeys = Readonly<Record<string, boolean | readonly string[]>>;

export function contextKeys(
  apps: readonly AppInfo[],
  hasDetections: boolean,
): ContextKeys {
  const statuses = apps.flatMap((app) => (app.environments ?? []).map((environment) => environment.status));
  const some = (holds: (status: StatusParams) => boolean) => statuses.some(holds);
  return {
    "draft.relevant": apps.length > 0 || hasDetections,
    "draft.hasApps": apps.length > 0,
    "draft.appFolders": apps.flatMap((app) => pathsOf(vscode.Uri.parse(app.app))),
    "draft.working": some((status) => isWorking(status.state)),
    "draft.watching": some((status) => status.watching),
    "draft.reachable": some((status) => status.url !== undefined),
    "draft.held": some((status) => status.state === "held"),
    "draft.failed": some((status) => status.state === "failed"),
  };
}

/** As `resourcePath` names a folder: on this machine by its path, in a remote window by that of its URI. */
function pathsOf(folder: vscode.Uri): string[] {
  return [...new Set([folder.fsPath, folder.path])];
}

export class ContextKeySetter {
  private readonly last = new Map<string, ContextKeys[string]>();

  async apply(keys: ContextKeys): Promise<void> {
    for (const [name, value] of Object.entries(keys)) {
      if (isDeepStrictEqual(this.last.get(name), value)) continue;
      this.last.set(name, value);
      await vscode.commands.executeCommand("setContext", name, value);
    }
  }
}
