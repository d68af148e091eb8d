/** Every command of the extension, by its id. */

import * as vscode from "vscode";
import type { Connection } from "../connection";
import type { DoctorResult, ProblemInfo } from "../protocol";
import type { LanguageServer } from "../server/languageServer";
import type { Store, Target } from "../store";
import { doctorPage } from "../view/doctorText";
import type { Output } from "../view/output";
import type { Pages } from "../view/pages";
import type { Preview } from "../view/preview";
import type { LoudProgress } from "../view/progress";
import { CreateCommand } from "./create";
import { DeployCommands } from "./deploy";
import { HistoryCommands } from "./history";
import { showMenu } from "./menu";
import { namedTarget, pickApp, type CommandArgument } from "./targets";

export interface Parts {
  readonly server: LanguageServer;
  readonly connection: Connection;
  readonly store: Store;
  readonly output: Output;
  readonly preview: Preview;
  readonly progress: LoudProgress;
  readonly pages: Pages;
}

type Handler = (argument: CommandArgument) => Promise<void> | void;

export function registerCommands(parts: Parts): vscode.Disposable {
  const handlers = { ...deployHandlers(parts), ...otherHandlers(parts) };
  const registered = Object.entries(handlers).map(([id, handler]) =>
    vscode.commands.registerCommand(id, handler),
  );
  return vscode.Disposable.from(...registered);
}

function deployHandlers(parts: Parts): Record<string, Handler> {
  const { connection, store } = parts;
  const deploy = new DeployCommands(connection, store, parts.progress, parts.output, parts.preview);
  const history = new HistoryCommands(connection, store);
  const create = new CreateCommand(connection, store);
  return {
    "draft.create": (argument) => create.run(argument),
    "draft.update": (argument) => create.update(argument),
    "draft.up": (argument) => deploy.up(argument),
    "draft.deployAnyway": (argument) => deploy.up(argument, true),
    "draft.stop": (argument) => deploy.simple("stop", argument),
    "draft.cancel": (argument) => deploy.simple("cancel", argument),
    "draft.open": (argument) => deploy.open(argument),
    "draft.openInEditor": (argument) => deploy.openInEditor(argument),
    "draft.connect": (argument) => deploy.simple("connect", argument),
    "draft.init": (argument) => deploy.simple("init", argument),
    "draft.logs": (argument) => deploy.logs(argument),
    "draft.delete": (argument) => deploy.delete(argument),
    "draft.plan": (argument) => deploy.plan(argument),
    "draft.selectEnvironment": (argument) => deploy.selectEnvironment(argument),
    "draft.history": (argument) => history.show(argument),
    "draft.rollback": (argument) => history.rollBack(argument),
  };
}

function otherHandlers({ server, connection, store, output, pages }: Parts): Record<string, Handler> {
  return {
    "draft.menu": (argument) => showMenu(store, namedTarget(argument, store)),
    "draft.doctor": async () => {
      const focused = store.focused;
      const target = focused === undefined ? {} : { app: focused.app };
      const result = await connection.execute<DoctorResult>("doctor", target);
      if (result !== undefined) await pages.showRendered("Draft Doctor", doctorPage(result.checks ?? []));
    },
    "draft.selectApp": async () => {
      const picked = await pickApp(store);
      if (picked !== undefined) await store.choose(picked.app);
    },
    "draft.showOutput": () => output.log.show(true),
    "draft.showProblem": (argument) => showProblem(argument, store, output),
    "draft.restartServer": () => server.restart(),
    "draft.showReport": () => showReport(server, pages),
  };
}

/** Goes to the place of a problem; without a place, to the output that says more. */
async function showProblem(argument: CommandArgument, store: Store, output: Output): Promise<void> {
  const problem = namedProblem(argument, store);
  if (problem?.uri === undefined) {
    output.log.show(true);
    return;
  }
  const start = problem.range?.start;
  const position = new vscode.Position(start?.line ?? 0, start?.character ?? 0);
  await vscode.window.showTextDocument(vscode.Uri.parse(problem.uri), {
    selection: new vscode.Range(position, position),
  });
}

function namedProblem(argument: CommandArgument, store: Store): ProblemInfo | undefined {
  if (typeof argument === "object" && argument !== null && "problem" in argument) return argument.problem;
  const target: Target | undefined = namedTarget(argument, store);
  const status = target === undefined ? store.focusedStatus : store.status(target);
  const problems = status?.problems ?? store.focused?.problems ?? [];
  return problems.find((problem) => problem.uri !== undefined) ?? problems[0];
}

async function showReport(server: LanguageServer, pages: Pages): Promise<void> {
  const report = server.report();
  await pages.showSource("Draft Report", report);
  const copy = vscode.l10n.t("Copy");
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t("This report can be pasted into an issue. Read it first: it holds the server's last lines."),
    copy,
  );
  if (chosen === copy) await vscode.env.clipboard.writeText(report);
}
