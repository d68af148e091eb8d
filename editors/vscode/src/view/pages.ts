/** Pages that are made here and only read: the doctor's findings and the report. */

import * as vscode from "vscode";

const SCHEME = "draft-page";

export class Pages implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly texts = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly subscriptions: vscode.Disposable[];

  constructor() {
    this.subscriptions = [this.changed, vscode.workspace.registerTextDocumentContentProvider(SCHEME, this)];
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.path) ?? "";
  }

  /** Shows Markdown, rendered. */
  async showRendered(name: string, markdown: string): Promise<void> {
    await vscode.commands.executeCommand("markdown.showPreview", this.put(name, markdown));
  }

  /** Shows Markdown as it is written, ready to be copied. */
  async showSource(name: string, markdown: string): Promise<void> {
    const document = await vscode.workspace.openTextDocument(this.put(name, markdown));
    await vscode.languages.setTextDocumentLanguage(document, "markdown");
    await vscode.window.showTextDocument(document, { preview: true });
  }

  private put(name: string, markdown: string): vscode.Uri {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name}.md` });
    this.texts.set(uri.path, markdown);
    this.changed.fire(uri);
    return uri;
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}
