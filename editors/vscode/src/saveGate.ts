/**
 * Tells the server about the editor's own errors of the app's files, so that a save that cannot run is held
 * until it is mended. What is sent is the difference to what was sent before.
 */

import * as vscode from "vscode";
import type { Connection } from "./connection";
import { appOf } from "./selection";
import { readSettings } from "./settings";
import type { Store } from "./store";

/** Our own diagnostics speak about the last deploy: they must not hold back the next. */
export const OWN_SOURCE = "draft";
const SHOWN_REASONS = 5;

export interface ErrorLike {
  readonly message: string;
  readonly severity: vscode.DiagnosticSeverity;
  readonly source?: string;
  readonly range: { readonly start: { readonly line: number } };
}

/** Errors of others, as reasons to hold: `line 3: invalid syntax (Pylance)`. */
export function reasonsToHold(diagnostics: readonly ErrorLike[]): string[] {
  return diagnostics
    .filter((one) => one.severity === vscode.DiagnosticSeverity.Error && one.source !== OWN_SOURCE)
    .slice(0, SHOWN_REASONS)
    .map((one) => {
      const source = one.source === undefined ? "" : ` (${one.source})`;
      const [firstLine = ""] = one.message.split("\n");
      return vscode.l10n.t("line {0}: {1}", one.range.start.line + 1, firstLine + source);
    });
}

export class SaveGate implements vscode.Disposable {
  private readonly sent = new Map<string, string>();
  private readonly subscription: vscode.Disposable;

  constructor(
    private readonly connection: Connection,
    private readonly store: Store,
  ) {
    this.subscription = vscode.languages.onDidChangeDiagnostics((event) => {
      for (const uri of event.uris) this.update(uri);
    });
  }

  /** A new server knows of nothing yet. */
  sendAll(): void {
    this.sent.clear();
    for (const [uri] of vscode.languages.getDiagnostics()) this.update(uri);
  }

  private update(uri: vscode.Uri): void {
    const key = uri.toString();
    if (uri.scheme !== "file" || appOf(key, this.store.apps) === undefined) return;
    const reasons = readSettings().saveGate ? reasonsToHold(vscode.languages.getDiagnostics(uri)) : [];
    const text = reasons.join("\n");
    if ((this.sent.get(key) ?? "") === text) return;
    this.sent.set(key, text);
    void this.connection.hold({ uri: key, reasons });
  }

  dispose(): void {
    this.subscription.dispose();
  }
}
