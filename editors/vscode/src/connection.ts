/** What the extension asks of the server; each method answers undefined when there is no server to ask. */

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import * as protocol from "./protocol";
import type { LanguageServer } from "./server/languageServer";
import type { Target } from "./store";

/** The server's command names, without their prefix. */
export type ServerCommandName =
  | "create" | "update" | "up" | "stop" | "cancel" | "open" | "connect" | "logs" | "delete" | "rollback" | "history"
  | "selectEnvironment" | "doctor" | "plan" | "init";

export class Connection {
  constructor(
    private readonly server: LanguageServer,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  async apps(): Promise<protocol.AppsResult | undefined> {
    return this.ask((client) => client.sendRequest<protocol.AppsResult>(protocol.APPS, {}));
  }

  async detect(folder: string): Promise<protocol.DetectResult | undefined> {
    return this.ask((client) => client.sendRequest<protocol.DetectResult>(protocol.DETECT, { folder }));
  }

  /** Like `detect`, for a person who waits: a server that is not running is started, and a failure is shown. */
  async detectNow(folder: string): Promise<protocol.DetectResult | undefined> {
    await this.server.running();
    return this.ask((client) => client.sendRequest<protocol.DetectResult>(protocol.DETECT, { folder }), true);
  }

  async plan(target: Target): Promise<protocol.PlanResult | undefined> {
    return this.ask((client) => client.sendRequest<protocol.PlanResult>(protocol.PLAN, target), true);
  }

  async history(target: Target): Promise<protocol.HistoryResult | undefined> {
    return this.ask((client) => client.sendRequest<protocol.HistoryResult>(protocol.HISTORY, target));
  }

  async hold(params: protocol.HoldParams): Promise<void> {
    await this.server.client?.sendNotification(protocol.HOLD, params);
  }

  /**
   * Runs one of the server's commands; a server that is not running is started for it. A failure is shown to
   * the person, who asked for it, and answers undefined.
   */
  async execute<Result>(
    name: ServerCommandName,
    parameters: protocol.CommandArguments = {},
  ): Promise<Result | undefined> {
    const client = await this.server.running();
    if (client === undefined) return undefined; // said by the server's own error message
    const request = { command: protocol.COMMAND_PREFIX + name, arguments: [parameters] };
    try {
      return await client.sendRequest<Result>("workspace/executeCommand", request);
    } catch (error) {
      this.show(error);
      return undefined;
    }
  }

  private async ask<Result>(
    request: (client: LanguageClient) => Promise<Result>,
    loud = false,
  ): Promise<Result | undefined> {
    const { client } = this.server;
    if (client === undefined) return undefined;
    try {
      return await request(client);
    } catch (error) {
      if (loud) this.show(error);
      else this.log.debug(messageOf(error));
      return undefined;
    }
  }

  private show(error: unknown): void {
    this.log.error(messageOf(error));
    void vscode.window.showErrorMessage(vscode.l10n.t("Draft: {0}", messageOf(error)));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
