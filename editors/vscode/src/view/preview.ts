/** Opens apps: in the person's browser, or in the editor's Simple Browser, which reloads when a save is live. */

import * as vscode from "vscode";
import type { StatusParams } from "../protocol";
import { readSettings } from "../settings";
import type { Store } from "../store";

const SIMPLE_BROWSER = "simpleBrowser.api.open";

export class Preview implements vscode.Disposable {
  /** URL → the content that the Simple Browser shows. */
  private readonly opened = new Map<string, string | undefined>();
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly store: Store) {
    this.subscriptions = [
      store.onDidChangeStatus((status) => void this.reload(status)),
      vscode.window.tabGroups.onDidChangeTabs((event) => {
        if (event.closed.some(isSimpleBrowser) && !isSimpleBrowserOpen()) this.opened.clear();
      }),
    ];
  }

  /** Opens a URL where the setting `draft.openIn` says. */
  async open(url: string): Promise<void> {
    if (readSettings().openIn === "simpleBrowser") await this.openHere(url);
    else await vscode.env.openExternal(vscode.Uri.parse(url, true));
  }

  /** Opens a URL in the Simple Browser, beside the code. */
  async openHere(url: string): Promise<void> {
    this.opened.set(url, this.store.statusAt(url)?.liveDigest);
    await this.show(url);
  }

  private async reload(status: StatusParams): Promise<void> {
    const { url } = status;
    if (url === undefined || status.state !== "live" || !this.opened.has(url)) return;
    if (this.opened.get(url) === status.liveDigest) return;
    this.opened.set(url, status.liveDigest);
    await this.show(url);
  }

  private async show(url: string): Promise<void> {
    await vscode.commands.executeCommand(SIMPLE_BROWSER, vscode.Uri.parse(url, true), {
      viewColumn: vscode.ViewColumn.Beside,
      preserveFocus: true,
    });
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}

function isSimpleBrowserOpen(): boolean {
  return vscode.window.tabGroups.all.some((group) => group.tabs.some(isSimpleBrowser));
}

function isSimpleBrowser(tab: vscode.Tab): boolean {
  return tab.input instanceof vscode.TabInputWebview && tab.input.viewType.includes("simpleBrowser");
}
