/**
 * *Create* and *Update Scaffold*: show what was detected and why, ask what only a person knows, and let the server
 * make the edits. The editor shows its own preview of them, and one undo takes all back.
 */

import * as vscode from "vscode";
import type { Connection } from "../connection";
import type { CommandArguments, CreateResult, DetectResult, VariableInfo } from "../protocol";
import type { Store } from "../store";
import {
  answerProblem,
  choicesOf,
  defaultAnswer,
  nameProblem,
  packChoices,
  questionsOf,
  suggestedName,
  type PackChoice,
} from "./createChoices";
import { chooseTarget, namedTarget, type CommandArgument } from "./targets";
import { askChoice, askText, BACK, runSteps, type Answer, type Step, type StepPosition } from "./wizard";

interface Draft {
  readonly choice?: PackChoice;
  readonly name?: string;
  readonly answers: Readonly<Record<string, string>>;
}

interface ChoiceItem<Value> extends vscode.QuickPickItem {
  readonly value?: Value;
}

export class CreateCommand {
  constructor(
    private readonly connection: Connection,
    private readonly store: Store,
  ) {}

  async run(argument: CommandArgument): Promise<void> {
    const folder = await this.folder(argument);
    if (folder === undefined) return;
    const found = await this.connection.detectNow(folder);
    if (found === undefined) return;
    const draft = await runSteps<Draft>({ answers: {} }, (current) => stepsFor(folder, found, current));
    if (draft?.choice === undefined) return;
    const { app, pack } = draft.choice;
    await this.create({ app, pack, name: draft.name, answers: { ...draft.answers } });
  }

  /** Merges what is new in the app's pack into its files. */
  async update(argument: CommandArgument): Promise<void> {
    const target = await chooseTarget(argument, this.store);
    if (target === undefined) return;
    const result = await this.connection.execute<CreateResult>("update", { app: target.app });
    if (result === undefined || !wasApplied(result)) return;
    const [problem] = result.problems ?? [];
    if (problem === undefined) {
      void vscode.window.showInformationMessage(
        vscode.l10n.t("{0} is up to date with the pack {1}.", result.name, result.pack),
      );
      return;
    }
    const show = vscode.l10n.t("Show Problem");
    const message = [problem.message, problem.fix].filter(Boolean).join(" ");
    if ((await vscode.window.showWarningMessage(message, show)) === show) {
      await vscode.commands.executeCommand("draft.showProblem", { problem });
    }
  }

  private async create(parameters: CommandArguments): Promise<void> {
    const result = await this.connection.execute<CreateResult>("create", { ...parameters, confirm: true });
    if (result === undefined || !wasApplied(result)) return;
    await vscode.window.showTextDocument(vscode.Uri.joinPath(vscode.Uri.parse(result.app), "draft.toml"));
    const up = vscode.l10n.t("Up");
    const message = vscode.l10n.t("{0} is ready to be deployed.", result.name);
    if ((await vscode.window.showInformationMessage(message, up)) === up) {
      await vscode.commands.executeCommand("draft.up", { app: result.app });
    }
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
}

/** Whether the files were made; if not, says why. */
function wasApplied({ applied, message }: CreateResult): boolean {
  if (!applied && message !== undefined) void vscode.window.showInformationMessage(message);
  return applied;
}

function stepsFor(folder: string, found: DetectResult, draft: Draft): readonly Step<Draft>[] {
  const pack = found.packs?.find((one) => one.name === draft.choice?.pack);
  const questions = questionsOf(pack);
  const position = (step: number): StepPosition => ({
    title: vscode.l10n.t("Draft: Create"),
    step,
    totalSteps: 2 + questions.length,
  });
  return [
    (current) => askPack(position(1), folder, found, current),
    (current) => askName(position(2), current),
    ...questions.map((question, index) => (current: Draft) => askQuestion(position(3 + index), question, current)),
  ];
}

async function askPack(
  position: StepPosition,
  folder: string,
  found: DetectResult,
  draft: Draft,
): Promise<Answer<Draft>> {
  const { detected, others } = packChoices(folder, found.detections ?? [], found.packs ?? []);
  const items = [...section(vscode.l10n.t("Detected"), detected), ...section(vscode.l10n.t("Other packs"), others)];
  const placeholder =
    detected.length === 0
      ? vscode.l10n.t("No app was recognised here. Which pack fits?")
      : vscode.l10n.t("What is it? The first fits best.");
  const active = items.find((item) => item.value !== undefined && isSame(item.value, draft.choice));
  const answer = await askChoice(position, placeholder, items, active);
  if (answer === undefined || answer === BACK) return answer;
  // What was answered for another app or pack does not fit this one.
  return isSame(answer.value, draft.choice) ? draft : { choice: answer.value, answers: {} };
}

function isSame(one: PackChoice | undefined, other: PackChoice | undefined): boolean {
  return one?.app === other?.app && one?.pack === other?.pack;
}

async function askName(position: StepPosition, draft: Draft): Promise<Answer<Draft>> {
  const suggestion = draft.name ?? suggestedName(draft.choice?.app ?? "");
  const prompt = vscode.l10n.t("The app's name: its Helm release and image are called so.");
  const answer = await askText(position, prompt, suggestion, nameProblem);
  return answer === undefined || answer === BACK ? answer : { ...draft, name: answer };
}

async function askQuestion(position: StepPosition, question: VariableInfo, draft: Draft): Promise<Answer<Draft>> {
  const choices = choicesOf(question);
  const value = draft.answers[question.name] ?? defaultAnswer(question);
  const answer =
    choices.length === 0
      ? await askText(position, question.prompt, value, (text) => answerProblem(question, text))
      : await askListed(position, question, choices, value);
  if (answer === undefined || answer === BACK) return answer;
  return { ...draft, answers: { ...draft.answers, [question.name]: answer } };
}

async function askListed(
  position: StepPosition,
  question: VariableInfo,
  choices: ReturnType<typeof choicesOf>,
  value: string,
): Promise<Answer<string>> {
  const active = choices.find((choice) => choice.answer === value);
  const answer = await askChoice(position, question.prompt, choices, active);
  return answer === undefined || answer === BACK ? answer : answer.answer;
}

function section(title: string, choices: readonly PackChoice[]): ChoiceItem<PackChoice>[] {
  if (choices.length === 0) return [];
  const items = choices.map((value) => ({
    label: value.label,
    description: value.description,
    detail: value.detail,
    value,
  }));
  return [{ label: title, kind: vscode.QuickPickItemKind.Separator }, ...items];
}

async function folderOf(uri: vscode.Uri): Promise<string> {
  const { type } = await vscode.workspace.fs.stat(uri);
  const folder = (type & vscode.FileType.Directory) === 0 ? vscode.Uri.joinPath(uri, "..") : uri;
  return folder.toString();
}
