/** The person's settings, read whole and typed. `package.json` holds their defaults and descriptions. */

import * as vscode from "vscode";

export type ImportStrategy = "useBundled" | "fromEnvironment";
/** Where the app's URL is opened. */
export type OpenIn = "browser" | "simpleBrowser";

export interface Settings {
  /** A command line that starts the server; empty: find or install one. */
  readonly serverCommand: readonly string[];
  readonly python: string;
  readonly importStrategy: ImportStrategy;
  readonly saveGate: boolean;
  readonly openIn: OpenIn;
}

export const SECTION = "draft";

/** Changing one of these needs a new server process. */
export const RESTART_SETTINGS = ["draft.server.command", "draft.server.python", "draft.server.importStrategy"];

export function readSettings(): Settings {
  const configuration = vscode.workspace.getConfiguration(SECTION);
  return {
    serverCommand: configuration.get<string[]>("server.command", []),
    python: configuration.get<string>("server.python", "").trim(),
    importStrategy: configuration.get<ImportStrategy>("server.importStrategy", "useBundled"),
    saveGate: configuration.get<boolean>("saveGate", true),
    openIn: configuration.get<OpenIn>("openIn", "browser"),
  };
}
