/** Finds the command line that starts the server. */

import * as path from "node:path";
import * as vscode from "vscode";
import type { Settings } from "../settings";
import { bundledWheel, ServerEnvironment, type InstallObserver } from "./environment";
import type { Rejection } from "./interpreter";
import { findPython } from "./probe";
import { CommandFailed, run } from "./run";

export interface ServerCommand {
  readonly command: readonly string[];
  /** Set when the server runs from the extension's own environment, which can be repaired. */
  readonly environment?: ServerEnvironment;
}

/** No server can be started; the message says why and what to do. */
export class ServerNotFound extends Error {
  constructor(
    message: string,
    /** Whether naming another Python would help. */
    readonly needsPython: boolean,
  ) {
    super(message);
    this.name = "ServerNotFound";
  }
}

const START_TIMEOUT_MS = 20_000;

export class ServerResolver {
  private environment: ServerEnvironment | undefined;

  constructor(
    private readonly extensionFolder: string,
    private readonly storage: string,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /**
   * In this order:
   *
   * 1. `draft.server.command`, as it stands;
   * 2. with `draft.server.importStrategy: fromEnvironment`, an installed server: in the Python of
   *    `draft.server.python` or of the Python extension, else `draft-ls` on PATH;
   * 3. the extension's own environment, installed, updated or repaired from the bundled wheel;
   * 4. when that cannot be made (offline, no Python), an installed server, as in 2.
   */
  async resolve(settings: Settings): Promise<ServerCommand> {
    if (settings.serverCommand.length > 0) return { command: settings.serverCommand };
    if (settings.importStrategy === "fromEnvironment") {
      const installed = await this.installed(settings);
      if (installed !== undefined) return installed;
      this.log.warn("No installed draft-ls was found; the bundled server is used instead.");
    }
    try {
      return await this.bundled(settings);
    } catch (error) {
      const installed = await this.installed(settings);
      if (installed === undefined) throw error;
      this.log.warn(`${message(error)} The installed server is used instead: ${installed.command.join(" ")}`);
      return installed;
    }
  }

  /** Whether a server can be started now, without an installation. */
  async isReady(settings: Settings): Promise<boolean> {
    if (settings.serverCommand.length > 0 || settings.importStrategy === "fromEnvironment") return true;
    return (await (await this.ownEnvironment())?.plan())?.kind === "use";
  }

  private async ownEnvironment(): Promise<ServerEnvironment | undefined> {
    if (this.environment === undefined) {
      const wheel = await bundledWheel(this.extensionFolder);
      if (wheel !== undefined) this.environment = new ServerEnvironment(this.storage, wheel);
    }
    return this.environment;
  }

  private async bundled(settings: Settings): Promise<ServerCommand> {
    const environment = await this.ownEnvironment();
    if (environment === undefined) {
      throw new ServerNotFound(vscode.l10n.t("This build of the extension holds no server."), false);
    }
    const plan = await environment.plan();
    const python =
      plan.kind === "use" ? plan.python : await this.install(environment, settings.python, plan.reason);
    // -I: a file of the workspace that is named like a module can never be run in its place.
    return { command: [python, "-I", "-m", "draft_ls"], environment };
  }

  private async install(
    environment: ServerEnvironment,
    setting: string,
    reason: "first" | "update" | "repair",
  ): Promise<string> {
    this.log.info(`Installing the server (${reason}).`);
    const { chosen, rejected } = await findPython(setting);
    for (const rejection of rejected) this.log.info(`Python passed over: ${describe(rejection)}`);
    if (chosen === undefined) throw new ServerNotFound(noPython(rejected), true);
    this.log.info(`Python: ${chosen.facts.executable} ${chosen.facts.version.join(".")}`);
    const title =
      reason === "repair"
        ? vscode.l10n.t("Draft: repairing the server")
        : vscode.l10n.t("Draft: installing the server");
    try {
      return await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title, cancellable: true },
        async (progress, token) =>
          environment.install([chosen.facts.executable], observer(this.log, progress, token)),
      );
    } catch (error) {
      throw new ServerNotFound(installFailed(error), false);
    }
  }

  private async installed(settings: Settings): Promise<ServerCommand | undefined> {
    const { chosen } = await findPython(settings.python);
    const candidates = [
      // -P: the working folder is not on the import path.
      ...(chosen === undefined ? [] : [[chosen.facts.executable, "-P", "-m", "draft_ls"]]),
      ["draft-ls"],
    ];
    for (const command of candidates) {
      if (await starts(command)) return { command };
    }
    return undefined;
  }
}

async function starts(command: readonly string[]): Promise<boolean> {
  return run([...command, "--version"], { timeoutMs: START_TIMEOUT_MS }).then(
    () => true,
    () => false,
  );
}

function observer(
  log: vscode.LogOutputChannel,
  progress: vscode.Progress<{ message: string }>,
  token: vscode.CancellationToken,
): InstallObserver {
  const abort = new AbortController();
  token.onCancellationRequested(() => abort.abort());
  const titles = {
    environment: vscode.l10n.t("making a Python environment…"),
    packages: vscode.l10n.t("fetching packages…"),
    check: vscode.l10n.t("checking…"),
  };
  return {
    step: (title) => progress.report({ message: titles[title] }),
    log: (line) => log.info(line),
    signal: abort.signal,
  };
}

function noPython(rejected: readonly Rejection[]): string {
  const unusable = rejected.find((rejection) => rejection.reason === "cannot make environments");
  if (unusable !== undefined) {
    return vscode.l10n.t(
      "{0} cannot make environments: its venv or ensurepip module is missing (on Debian and Ubuntu: apt install python3-venv).",
      unusable.candidate.command.join(" "),
    );
  }
  const old = rejected.find((rejection) => rejection.reason === "too old");
  return old === undefined
    ? vscode.l10n.t("Draft needs Python 3.11 or newer, and none was found. Install one, or name it in the setting draft.server.python.")
    : vscode.l10n.t(
        "Draft needs Python 3.11 or newer; {0} is {1}. Install a newer one, or name it in the setting draft.server.python.",
        old.candidate.command.join(" "),
        old.version ?? "",
      );
}

function describe(rejection: Rejection): string {
  const version = rejection.version === undefined ? "" : ` (${rejection.version})`;
  return `${rejection.candidate.command.join(" ")}${version}: ${rejection.reason}`;
}

function installFailed(error: unknown): string {
  if (error instanceof CommandFailed) {
    return vscode.l10n.t(
      "The server could not be installed: {0} failed. {1}",
      path.basename(error.command[0] ?? ""),
      error.tail.split("\n").at(-1) ?? "",
    );
  }
  return vscode.l10n.t("The server could not be installed: {0}", message(error));
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
