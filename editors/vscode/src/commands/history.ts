/** What was deployed, and the way back. */

import * as vscode from "vscode";
import type { Connection } from "../connection";
import type { Store, Target } from "../store";
import { deploymentIcon, deploymentLabel, listed, type ListedDeployment } from "../view/deployments";
import { localTime, outcomeWord, seconds } from "../view/words";
import { chooseTarget, type CommandArgument } from "./targets";

interface DeploymentItem extends vscode.QuickPickItem {
  readonly listed?: ListedDeployment;
}

export class HistoryCommands {
  constructor(
    private readonly connection: Connection,
    private readonly store: Store,
  ) {}

  /** Every deployment; choosing an earlier good one offers the way back to it. */
  async show(argument: CommandArgument): Promise<void> {
    await this.pick(argument, (name) => vscode.l10n.t("Draft: deployments of {0}", name), () => true);
  }

  /** The earlier good ones only. */
  async rollBack(argument: CommandArgument): Promise<void> {
    const revision = typeof argument === "object" && argument !== null && "revision" in argument ? argument.revision : undefined;
    if (revision === undefined) {
      const title = (name: string) => vscode.l10n.t("Draft: go back to which deployment of {0}?", name);
      await this.pick(argument, title, ({ earlier }) => earlier);
      return;
    }
    const target = await chooseTarget(argument, this.store);
    if (target !== undefined) await this.confirm(target, revision);
  }

  private async pick(
    argument: CommandArgument,
    title: (name: string) => string,
    wanted: (one: ListedDeployment) => boolean,
  ): Promise<void> {
    const target = await chooseTarget(argument, this.store);
    if (target === undefined) return;
    const history = await this.connection.history(target);
    if (history === undefined) return;
    const status = this.store.status(target);
    const shown = listed(history.deployments ?? [], status?.revision).filter(wanted);
    if (shown.length === 0) {
      void vscode.window.showInformationMessage(vscode.l10n.t("There is no deployment to show yet."));
      return;
    }
    const picked = await vscode.window.showQuickPick<DeploymentItem>(shown.map(deploymentItem), {
      title: title(status?.name ?? target.app),
      matchOnDescription: true,
      matchOnDetail: true,
    });
    const chosen = picked?.listed;
    if (chosen?.earlier === true && chosen.deployment.revision !== undefined) {
      await this.confirm(target, chosen.deployment.revision);
    }
  }

  private async confirm(target: Target, revision: number): Promise<void> {
    const back = vscode.l10n.t("Go Back");
    const status = this.store.status(target);
    const question = vscode.l10n.t("Go back to revision {0} of {1}?", revision, status?.name ?? "");
    const detail = vscode.l10n.t("Your files stay as they are; the next save deploys them again.");
    const chosen = await vscode.window.showWarningMessage(question, { modal: true, detail }, back);
    if (chosen === back) await this.connection.execute("rollback", { ...target, revision });
  }
}

function deploymentItem(one: ListedDeployment): DeploymentItem {
  const { deployment, current } = one;
  const files = deployment.files ?? [];
  return {
    label: `$(${deploymentIcon(one)}) ${deploymentLabel(deployment)}`,
    description: [localTime(deployment.at), outcomeWord(deployment.outcome), seconds(deployment.took)].join(" · "),
    detail: [
      current ? vscode.l10n.t("this is what runs now") : undefined,
      files.length > 1 ? files.join(", ") : undefined,
      deployment.image,
      deployment.message,
    ]
      .filter(Boolean)
      .join(" · "),
    listed: one,
  };
}
