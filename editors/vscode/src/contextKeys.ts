/** What `when` clauses in `package.json` look at. Pure, but for `apply`. */

import * as vscode from "vscode";
import type { AppInfo, StatusParams } from "./protocol";
import { isWorking } from "./view/statusText";

export type ContextKeys = Readonly<Record<string, boolean>>;

export function contextKeys(
  apps: readonly AppInfo[],
  hasDetections: boolean,
): ContextKeys {
  const statuses = apps.flatMap((app) => (app.environments ?? []).map((environment) => environment.status));
  const some = (holds: (status: StatusParams) => boolean) => statuses.some(holds);
  return {
    "draft.relevant": apps.length > 0 || hasDetections,
    "draft.hasApps": apps.length > 0,
    "draft.working": some((status) => isWorking(status.state)),
    "draft.watching": some((status) => status.watching),
    "draft.reachable": some((status) => status.url !== undefined),
    "draft.deployed": some((status) => status.revision !== undefined),
    "draft.held": some((status) => status.state === "held"),
    "draft.failed": some((status) => status.state === "failed"),
  };
}

export class ContextKeySetter {
  private readonly last = new Map<string, boolean>();

  async apply(keys: ContextKeys): Promise<void> {
    for (const [name, value] of Object.entries(keys)) {
      if (this.last.get(name) === value) continue;
      this.last.set(name, value);
      await vscode.commands.executeCommand("setContext", name, value);
    }
  }
}
