/** *Draft: Create*: shows what was detected and why, asks what only a person knows, and lets the server edit. */

import * as vscode from "vscode";
import type { Connection } from "../connection";
import type { Store } from "../store";
import { nameProblem, packChoices, suggestedName, type PackChoice } from "./createChoices";
import { namedTarget, type CommandArgument } from "./targets";
import { askChoice, askText, BACK, runSteps, type StepPosition } from "./wizard";

interface Draft {
  readonly choice?: PackChoice;
  readonly name?: string;
}

export class CreateCommand {
  constructor(
    private readonly connection: Connection,
    private readonly store: Store,
  ) {}

  async run(argument: CommandArgument): Promise<void> {
    const folder = await this.folder(argument);
    if (folder === undefined) return;
    const found = await this.connection.detect(folder);
    if (found === undefined) return;
    const { detected, others } = packChoices(folder, found.detections ?? [], found.packs ?? []);
    const draft = await runSteps<Draft>({}, [
      (before) => this.askPack(before, detected, others),
      (before) => this.askName(before),
    ]);
    if (draft?.choice === undefined) return;
    const { app, pack } = draft.choice;
    await this.create({ app, pack, name: draft.name });
  }

  /** The server sends the edits; the editor shows its own preview of them, and one undo takes all back. */
  private async create(parameters: { app: string; pack: string | undefined; name: string | undefined }): Promise<void> {
    await this.connection.execute("create", { ...parameters, confirm: true });
  }

  private async folder(argument: CommandArgument): Promise<string | undefined> {
    if (argument instanceof vscode.Uri) return folderOf(argument);
    const named = namedTarget(argument, this.store);
    if (named !== undefined) return named.app;
    const folders = vscode.workspace.workspaceFolders ?? [];
    if (folders.length > 1) return (await vscode.window.showWorkspaceFolderPick())?.uri.toString();
    if (folders[0] !== undefined) return folders[0].uri.toString();
    void vscode.window.showInformationMessage(vscode.l10n.t("Open the folder of your app first."));
    return undefined;
  }

  private async askPack(
    draft: Draft,
    detected: readonly PackChoice[],
    others: readonly PackChoice[],
  ): Promise<Draft | typeof BACK | undefined> {
    const items = [
      ...section(detected.length === 0 ? "" : vscode.l10n.t("Detected"), detected),
      ...section(vscode.l10n.t("Other packs"), others),
    ];
    const placeholder =
      detected.length === 0
        ? vscode.l10n.t("No app was recognised here. Which pack fits?")
        : vscode.l10n.t("What is it? The first fits best.");
    const active = items.find((item) => item.choice !== undefined && item.choice === draft.choice);
    const answer = await askChoice(position(1), placeholder, items, active);
    if (answer === undefined || answer === BACK) return answer;
    return { ...draft, choice: answer.choice };
  }

  private async askName(draft: Draft): Promise<Draft | typeof BACK | undefined> {
    const suggestion = draft.name ?? suggestedName(draft.choice?.app ?? "");
    const prompt = vscode.l10n.t("The app's name: its Helm release and image are called so.");
    const answer = await askText(position(2), prompt, suggestion, nameProblem);
    return answer === undefined || answer === BACK ? answer : { ...draft, name: answer };
  }
}

interface PackItem extends vscode.QuickPickItem {
  readonly choice?: PackChoice;
}

function section(title: string, choices: readonly PackChoice[]): PackItem[] {
  if (choices.length === 0) return [];
  const separator = { label: title, kind: vscode.QuickPickItemKind.Separator };
  const items = choices.map(({ label, description, detail, ...rest }) => ({
    label,
    description,
    detail,
    choice: { label, description, detail, ...rest },
  }));
  return title === "" ? items : [separator, ...items];
}

function position(step: number): StepPosition {
  return { title: vscode.l10n.t("Draft: Create"), step, totalSteps: 2 };
}

async function folderOf(uri: vscode.Uri): Promise<string> {
  const { type } = await vscode.workspace.fs.stat(uri);
  const folder = (type & vscode.FileType.Directory) === 0 ? vscode.Uri.joinPath(uri, "..") : uri;
  return folder.toString();
}
