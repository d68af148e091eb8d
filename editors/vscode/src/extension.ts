/** Where it all comes together: one server, one store, the views on it, and the commands. */

import * as vscode from "vscode";
import type { LanguageClient, ShowDocumentParams, ShowDocumentResult } from "vscode-languageclient/node";
import { coalesced } from "./coalesce";
import { registerCommands } from "./commands/register";
import { Connection } from "./connection";
import { contextKeys, ContextKeySetter } from "./contextKeys";
import * as protocol from "./protocol";
import { SaveGate } from "./saveGate";
import { LanguageServer } from "./server/languageServer";
import { Store } from "./store";
import { Output } from "./view/output";
import { Pages } from "./view/pages";
import { Preview } from "./view/preview";
import { LoudProgress } from "./view/progress";
import { StatusBar } from "./view/statusBar";
import { DraftTree } from "./view/tree";

let running: Extension | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  running = new Extension(context);
  await running.start();
}

export async function deactivate(): Promise<void> {
  await running?.stop();
  running = undefined;
}

class Extension {
  private readonly log = vscode.window.createOutputChannel("Draft", { log: true });
  private readonly store: Store;
  private readonly output = new Output(this.log);
  private readonly server: LanguageServer;
  private readonly connection: Connection;
  private readonly preview: Preview;
  private readonly progress = new LoudProgress(() => this.server.client);
  private readonly saveGate: SaveGate;
  private readonly keys = new ContextKeySetter();
  /** Reads anew what the workspace holds. */
  private readonly refresh = coalesced(() => this.readApps());

  constructor(context: vscode.ExtensionContext) {
    this.store = new Store(context.workspaceState);
    this.server = new LanguageServer(context, this.log, {
      initializationOptions: () => initializationOptions(),
      middleware: {
        handleWorkDoneProgress: (token, value, next) => this.progress.handle(token, value, next),
        executeCommand: async (command, args, next) => {
          const result: unknown = await next(command, args);
          // A code lens of the server has selected another one: what is shown must follow.
          if (command === `${protocol.COMMAND_PREFIX}selectEnvironment`) await this.refresh();
          return result;
        },
        window: { showDocument: (params, token, next) => this.showUrl(params) ?? next(params, token) },
      },
      attach: (client) => this.attach(client),
    });
    this.connection = new Connection(this.server, this.log);
    this.preview = new Preview(this.store);
    this.saveGate = new SaveGate(this.connection, this.store);
    const pages = new Pages();
    context.subscriptions.push(
      this.log,
      this.store,
      this.output,
      this.server,
      this.preview,
      this.saveGate,
      pages,
      new StatusBar(this.server, this.store),
      new DraftTree(this.connection, this.store),
      this.server.onDidChangeState((state) => {
        if (state.kind !== "running") this.serverGone();
        else void this.refresh();
      }),
      this.store.onDidChange(() => void this.updateKeys()),
      vscode.workspace.onDidChangeWorkspaceFolders(() => void this.refresh()),
      vscode.workspace.onDidSaveTextDocument(() => {
        if (this.store.apps.length === 0) void this.refresh(); // it may be a manifest
      }),
      registerCommands({
        server: this.server,
        connection: this.connection,
        store: this.store,
        output: this.output,
        preview: this.preview,
        progress: this.progress,
        pages,
      }),
    );
  }

  /**
   * Starts the server, unless that would install it for a workspace that has no app yet: then the first command
   * does. Activation does not wait for it.
   */
  async start(): Promise<void> {
    if ((await this.server.isReady()) || (await workspaceHasApp())) void this.server.restart();
    else this.log.info("No draft.toml here, and the server is not installed yet: waiting for a command.");
  }

  async stop(): Promise<void> {
    await this.server.stop();
  }

  private attach(client: LanguageClient): void {
    client.onNotification(protocol.STATUS, (status: protocol.StatusParams) => {
      this.output.status(status);
      this.store.replaceStatus(status);
    });
    client.onNotification(protocol.LOG, (params: protocol.LogParams) => {
      const app = vscode.Uri.parse(params.app).toString();
      const name = this.store.apps.find((one) => one.app === app)?.name ?? vscode.Uri.parse(app).path.split("/").at(-1);
      this.output.lines({ ...params, app }, name ?? app);
    });
    client.onNotification(protocol.APPS_CHANGED, () => void this.refresh());
  }

  private async readApps(): Promise<void> {
    const result = await this.connection.apps();
    if (result === undefined) return;
    const folders = vscode.workspace.workspaceFolders ?? [];
    const apps = result.apps ?? [];
    const detections =
      apps.length > 0
        ? []
        : await Promise.all(folders.map((folder) => this.connection.detect(folder.uri.toString())));
    this.store.replaceApps(apps, detections.flatMap((one) => bestOfEachFolder(one?.detections ?? [])));
    this.saveGate.sendAll();
  }

  private serverGone(): void {
    this.progress.endAll();
    this.store.clear();
  }

  private async updateKeys(): Promise<void> {
    await this.keys.apply(contextKeys(this.store.apps, this.store.detections.length > 0));
  }

  /** A URL that the server wants to show goes where the person wants URLs; undefined for anything else. */
  private showUrl(params: ShowDocumentParams): Promise<ShowDocumentResult> | undefined {
    if (params.external !== true || !/^https?:/.test(params.uri)) return undefined;
    return this.preview.open(params.uri).then(() => ({ success: true }));
  }
}

function initializationOptions(): protocol.InitializationOptions {
  return {
    commandPrefix: protocol.COMMAND_PREFIX,
    notifications: true,
    trusted: vscode.workspace.isTrusted,
  };
}

async function workspaceHasApp(): Promise<boolean> {
  return (await vscode.workspace.findFiles("**/draft.toml", "**/node_modules/**", 1)).length > 0;
}

/** Runners-up follow the winner of their folder; only winners are shown. */
function bestOfEachFolder(detections: readonly protocol.DetectionInfo[]): protocol.DetectionInfo[] {
  const best = new Map<string, protocol.DetectionInfo>();
  for (const detection of detections) {
    if (!best.has(detection.app)) best.set(detection.app, detection);
  }
  return [...best.values()];
}
