/** The server's life: start, restart after a crash with back-off, stop. The only place that makes a client. */

import { homedir } from "node:os";
import * as vscode from "vscode";
import type { LanguageClient, LanguageClientOptions } from "vscode-languageclient/node";
import { coalesced } from "../coalesce";
import { RESTART_SETTINGS, SECTION, readSettings } from "../settings";
import { afterExit, type ServerExit } from "./crashes";
import { ServerProcess, type ProcessEnd } from "./process";
import { formatReport } from "./report";
import { ServerNotFound, ServerResolver, type ServerCommand } from "./resolve";
import { Trace } from "./trace";

export type ServerState =
  | { readonly kind: "stopped" }
  | { readonly kind: "starting" }
  | { readonly kind: "running"; readonly version: string | undefined }
  /** It ended by itself; a new one starts after a delay. */
  | { readonly kind: "recovering" }
  | { readonly kind: "failed"; readonly message: string };

export interface ServerHooks {
  initializationOptions(): object;
  readonly middleware: LanguageClientOptions["middleware"];
  /** Registers handlers; called before the server is started, so that no early message is missed. */
  attach(client: LanguageClient): void;
}

/** How often a server may end before it answers until its own environment is made anew. */
const UNANSWERED_BEFORE_REPAIR = 2;

export class LanguageServer implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<ServerState>();
  readonly onDidChangeState = this.changed.event;

  private current: ServerState = { kind: "stopped" };
  private currentClient: LanguageClient | undefined;
  private process: ServerProcess | undefined;
  private lastCommand: ServerCommand | undefined;
  private lastLines: readonly string[] = [];
  private exits: ServerExit[] = [];
  private readonly cycle = coalesced(async () => {
    await this.stopClient();
    await this.startClient();
  });
  private lastCycle: Promise<void> = Promise.resolve();
  private recovery: NodeJS.Timeout | undefined;
  private readonly resolver: ServerResolver;
  private readonly channel = vscode.window.createOutputChannel("Draft Language Server", { log: true });
  private readonly trace = new Trace(this.channel);
  private readonly subscriptions: vscode.Disposable[] = [this.changed, this.trace, this.channel];

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
    private readonly hooks: ServerHooks,
  ) {
    this.resolver = new ServerResolver(
      context.extensionUri.fsPath,
      vscode.Uri.joinPath(context.globalStorageUri, "server").fsPath,
      log,
    );
    this.subscriptions.push(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (RESTART_SETTINGS.some((setting) => event.affectsConfiguration(setting))) this.restartIfStarted();
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.restartIfStarted()),
    );
  }

  get state(): ServerState {
    return this.current;
  }

  /** The client of the running server; undefined while there is none. */
  get client(): LanguageClient | undefined {
    return this.current.kind === "running" ? this.currentClient : undefined;
  }

  /** Whether a start would need no installation. */
  async isReady(): Promise<boolean> {
    return this.resolver.isReady(readSettings());
  }

  /** The running client, started now if it is not; undefined when it cannot be started. */
  async running(): Promise<LanguageClient | undefined> {
    if (this.current.kind === "starting") await this.lastCycle;
    else if (this.current.kind !== "running") await this.restart();
    return this.client;
  }

  /** Stops and starts; while that is under way, any number of further calls lead to one more round. */
  async restart(): Promise<void> {
    this.exits = [];
    return this.startAgain();
  }

  private restartIfStarted(): void {
    if (this.current.kind !== "stopped") void this.restart();
  }

  dispose(): void {
    clearTimeout(this.recovery);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  async stop(): Promise<void> {
    clearTimeout(this.recovery);
    await this.lastCycle;
    await this.stopClient();
    this.become({ kind: "stopped" });
  }

  report(): string {
    return formatReport({
      extensionVersion: (this.context.extension.packageJSON as { version: string }).version,
      editor: `${vscode.env.appName} ${vscode.version}`,
      platform: `${process.platform} ${process.arch}${vscode.env.remoteName === undefined ? "" : `, ${vscode.env.remoteName}`}`,
      serverCommand: this.lastCommand?.command,
      serverVersion: this.current.kind === "running" ? this.current.version : undefined,
      trusted: vscode.workspace.isTrusted,
      exits: this.exits,
      lines: this.process?.lines.all ?? this.lastLines,
      homeFolder: homedir(),
    });
  }

  private async startAgain(): Promise<void> {
    clearTimeout(this.recovery);
    this.lastCycle = this.cycle();
    return this.lastCycle;
  }

  private async startClient(): Promise<void> {
    this.become({ kind: "starting" });
    try {
      this.lastCommand = await this.resolver.resolve(readSettings());
      this.log.info(`Starting ${this.lastCommand.command.join(" ")}`);
      const started = await ServerProcess.start(this.lastCommand.command);
      this.process = started;
      const client = await this.makeClient(started);
      this.currentClient = client;
      void started.ended.then((end) => this.ended(started, client, end));
      this.hooks.attach(client);
      await client.start();
      this.become({ kind: "running", version: client.initializeResult?.serverInfo?.version });
    } catch (error) {
      // A server that ended by itself is dealt with in `ended`; here it could not be found or run at all.
      if (this.process === undefined) this.fail(error);
      else this.log.error(`The server did not start: ${messageOf(error)}`);
    }
  }

  private async makeClient(started: ServerProcess): Promise<LanguageClient> {
    // Loaded here, not with the extension: it takes most of the time of an activation.
    const { CloseAction, ErrorAction, LanguageClient, RevealOutputChannelOn } = await import(
      "vscode-languageclient/node"
    );
    class QuietClient extends LanguageClient {
      /** What goes wrong is in the log and in the state of the server: no message of its own for each attempt. */
      override error(message: string, data?: unknown): void {
        super.error(message, data, false);
      }
    }
    return new QuietClient(SECTION, "Draft Language Server", () => Promise.resolve(started.child), {
      documentSelector: [{ scheme: "file" }],
      initializationOptions: this.hooks.initializationOptions(),
      outputChannel: this.channel,
      traceOutputChannel: this.trace.channel,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      synchronize: { configurationSection: SECTION },
      middleware: this.hooks.middleware,
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => ({ action: CloseAction.DoNotRestart, handled: true }),
      },
    });
  }

  private async stopClient(): Promise<void> {
    const client = this.currentClient;
    const running = this.process;
    this.currentClient = undefined;
    this.process = undefined;
    if (client === undefined || running === undefined) return;
    try {
      await client.dispose(2_000);
    } catch (error) {
      this.log.debug(`While stopping the server: ${messageOf(error)}`);
    }
    await running.end();
  }

  /** A process ended. If nobody asked it to, start another, later each time, and in the end give up. */
  private ended(ended: ServerProcess, client: LanguageClient, end: ProcessEnd): void {
    if (this.process !== ended) return;
    const answered = client.initializeResult !== undefined;
    this.exits.push({ at: Date.now(), ...end, answered });
    this.lastLines = ended.lines.all;
    this.process = undefined;
    this.currentClient = undefined;
    this.log.error(`The server ended by itself (${end.signal ?? `exit code ${end.code ?? "unknown"}`}).`);
    const unanswered = this.exits.filter((exit) => !exit.answered).length;
    if (unanswered === UNANSWERED_BEFORE_REPAIR) this.lastCommand?.environment?.suspectBroken();
    const next = afterExit(this.exits, Date.now());
    if (next.kind === "give up") {
      this.fail(new Error(vscode.l10n.t("The server ended again and again and is not started any more.")));
      return;
    }
    this.become({ kind: "recovering" });
    this.recovery = setTimeout(() => void this.startAgain(), next.delayMs);
  }

  private fail(error: unknown): void {
    const message = messageOf(error);
    this.log.error(message);
    this.become({ kind: "failed", message });
    void this.offerHelp(message, error instanceof ServerNotFound && error.needsPython);
  }

  private async offerHelp(message: string, needsPython: boolean): Promise<void> {
    const restart = vscode.l10n.t("Try Again");
    const report = vscode.l10n.t("Show Report");
    const settings = vscode.l10n.t("Open Settings");
    const choices = needsPython ? [restart, settings, report] : [restart, report];
    const chosen = await vscode.window.showErrorMessage(vscode.l10n.t("Draft: {0}", message), ...choices);
    if (chosen === restart) await this.restart();
    if (chosen === report) await vscode.commands.executeCommand("draft.showReport");
    if (chosen === settings) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "draft.server.python");
    }
  }

  private become(state: ServerState): void {
    this.current = state;
    this.changed.fire(state);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
