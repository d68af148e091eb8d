/** The side view: a shell around `treeModel.ts`. It follows `draft/status`; nothing is polled. */

import * as vscode from "vscode";
import type { Connection } from "../connection";
import type { DeploymentInfo } from "../protocol";
import type { Store, Target } from "../store";
import { buildTree, type TreeNode } from "./treeModel";
import { isWorking } from "./statusText";

export class DraftTree implements vscode.TreeDataProvider<TreeNode>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly histories = new Map<string, readonly DeploymentInfo[]>();
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly connection: Connection,
    private readonly store: Store,
  ) {
    this.subscriptions = [
      this.changed,
      store.onDidChange(() => this.changed.fire(undefined)),
      store.onDidChangeStatus((status) => {
        if (!isWorking(status.state)) this.histories.delete(keyOf(status));
      }),
      vscode.window.createTreeView("draft.apps", { treeDataProvider: this, showCollapseAll: true }),
    ];
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    if (node === undefined) {
      return [...buildTree(this.store.apps, this.store.detections, (target) => this.histories.get(keyOf(target)))];
    }
    if (node.context !== "history" || node.target === undefined) return [...node.children];
    await this.readHistory(node.target);
    return this.historyChildren(node.id);
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    const item = new vscode.TreeItem(node.label, collapsible(node));
    item.id = node.id;
    item.description = node.description;
    item.tooltip = node.tooltip;
    item.iconPath = new vscode.ThemeIcon(
      node.icon,
      node.color === undefined ? undefined : new vscode.ThemeColor(node.color),
    );
    item.contextValue = node.context;
    if (node.command !== undefined) {
      item.command = { ...node.command, arguments: [...node.command.arguments] };
    }
    return item;
  }

  private async readHistory(target: Target): Promise<void> {
    if (this.histories.has(keyOf(target))) return;
    const result = await this.connection.history(target);
    if (result !== undefined) this.histories.set(keyOf(target), result.deployments ?? []);
  }

  private historyChildren(id: string): TreeNode[] {
    const all = buildTree(this.store.apps, [], (target) => this.histories.get(keyOf(target)));
    const environments = all.flatMap((app) => app.children);
    const found = environments.flatMap((environment) => environment.children).find((node) => node.id === id);
    return [...(found?.children ?? [])];
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}

function collapsible(node: TreeNode): vscode.TreeItemCollapsibleState {
  if (node.context === "history") return vscode.TreeItemCollapsibleState.Collapsed;
  if (node.children.length === 0) return vscode.TreeItemCollapsibleState.None;
  return node.expanded === true
    ? vscode.TreeItemCollapsibleState.Expanded
    : vscode.TreeItemCollapsibleState.Collapsed;
}

function keyOf(target: { readonly app: string; readonly environment?: string }): string {
  return `${target.app}#${target.environment ?? ""}`;
}
