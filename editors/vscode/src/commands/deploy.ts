/** Up, stop, open and what belongs to them: thin, the server does the work. */

import * as vscode from "vscode";
import type { Connection, ServerCommandName } from "../connection";
import type { SelectedResult } from "../protocol";
import { selectedEnvironment } from "../selection";
import type { Store } from "../store";
import type { Output } from "../view/output";
import type { Preview } from "../view/preview";
import type { LoudProgress } from "../view/progress";
import { planWord, stateWord } from "../view/words";
import { chooseTarget, type CommandArgument } from "./targets";

export class DeployCommands {
  constructor(
    private readonly connection: Connection,
    private readonly store: Store,
    private readonly progress: LoudProgress,
    private readonly output: Output,
    private readonly preview: Preview,
  ) {}

  async up(argument: CommandArgument, force = false): Promise<void> {
    const target = await chooseTarget(argument, this.store);
    if (target === undefined) return;
    // The first time takes longest and the person waits for it; later ones are as quiet as a save.
    if (this.store.status(target)?.url === undefined) this.progress.expectOne();
    const job = await this.connection.execute("up", { ...target, force });
    if (job === undefined) this.progress.expectNone();
  }

  async simple(name: ServerCommandName, argument: CommandArgument): Promise<void> {
    const target = await chooseTarget(argument, this.store);
    if (target !== undefined) await this.connection.execute(name, target);
  }

  async open(argument: CommandArgument): Promise<void> {
    const target = await chooseTarget(argument, this.store);
    if (target === undefined) return;
    const status = this.store.status(target);
    if (status?.url === undefined) await this.connection.execute("open", target);
    else await this.preview.open(status.url);
  }

  async openInEditor(argument: CommandArgument): Promise<void> {
    const target = await chooseTarget(argument, this.store);
    if (target === undefined) return;
    const status = this.store.status(target);
    if (status?.url !== undefined) await this.preview.openHere(status.url);
    else void vscode.window.showInformationMessage(vscode.l10n.t("Not deployed yet: run Draft: Up first."));
  }

  async logs(argument: CommandArgument): Promise<void> {
    const target = await chooseTarget(argument, this.store);
    if (target === undefined) return;
    const app = this.store.apps.find((one) => one.app === target.app);
    this.output.showAppLog(target.app, app?.name ?? target.app);
    await this.connection.execute("logs", target);
  }

  async delete(argument: CommandArgument): Promise<void> {
    const target = await chooseTarget(argument, this.store);
    const status = target === undefined ? undefined : this.store.status(target);
    if (target === undefined || status === undefined) return;
    const confirm = vscode.l10n.t("Delete");
    const detail = vscode.l10n.t(
      "The Helm release {0} in {1} is uninstalled. Your files stay as they are.",
      status.release ?? status.name,
      [status.context, status.namespace].filter(Boolean).join(" / ") || status.environment,
    );
    const question = vscode.l10n.t("Delete {0} ({1}) from the cluster?", status.name, status.environment);
    const chosen = await vscode.window.showWarningMessage(question, { modal: true, detail }, confirm);
    if (chosen === confirm) await this.connection.execute("delete", { ...target, confirm: false });
  }

  async plan(argument: CommandArgument): Promise<void> {
    const target = await chooseTarget(argument, this.store);
    if (target === undefined) return;
    const plan = await this.connection.plan(target);
    if (plan === undefined) return;
    const steps =
      plan.fromStep === undefined || plan.steps === undefined
        ? ""
        : ` ${vscode.l10n.t("Rebuilds from step {0} of {1}.", plan.fromStep, plan.steps)}`;
    const deploy = vscode.l10n.t("Deploy Now");
    const actions = plan.kind === "nothing" || plan.kind === "hold" ? [] : [deploy];
    const message = vscode.l10n.t("Next save: {0} — {1}", planWord(plan.kind), plan.reason) + steps;
    if ((await vscode.window.showInformationMessage(message, ...actions)) === deploy) await this.up(target);
  }

  async selectEnvironment(argument: CommandArgument): Promise<void> {
    const target = await chooseTarget(argument, this.store);
    const app = this.store.apps.find((one) => one.app === target?.app);
    if (target === undefined || app === undefined) return;
    const environment = target.environment ?? (await this.pickEnvironment(app));
    if (environment === undefined) return;
    const selected = await this.connection.execute<SelectedResult>("selectEnvironment", { app: app.app, environment });
    if (selected !== undefined) this.store.selectEnvironment(app.app, selected.environment);
  }

  private async pickEnvironment(app: Store["apps"][number]): Promise<string | undefined> {
    const selected = selectedEnvironment(app)?.environment;
    const items = (app.environments ?? []).map((one) => ({
      label: one.environment,
      description: one.environment === selected ? vscode.l10n.t("selected") : undefined,
      detail: [one.namespace, stateWord(one.status.state), one.status.url].filter(Boolean).join(" · "),
    }));
    const title = vscode.l10n.t("Draft: environment of {0}", app.name);
    return (await vscode.window.showQuickPick(items, { title }))?.label;
  }
}
