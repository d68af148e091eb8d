/** What the server has said, in one place; the views and commands read it and hear when it changes. */

import * as vscode from "vscode";
import type { AppInfo, DetectionInfo, StatusParams } from "./protocol";
import { appOf, focusedApp, selectedEnvironment } from "./selection";

const CHOSEN_KEY = "draft.chosenApp";

/** One app in one environment, as commands take it. */
export interface Target {
  readonly app: string;
  readonly environment?: string;
}

export class Store implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private readonly statusChanged = new vscode.EventEmitter<StatusParams>();
  readonly onDidChangeStatus = this.statusChanged.event;

  private knownApps: readonly AppInfo[] = [];
  private knownDetections: readonly DetectionInfo[] = [];

  constructor(private readonly memento: vscode.Memento) {}

  get apps(): readonly AppInfo[] {
    return this.knownApps;
  }

  /** Folders of the workspace that could become apps. */
  get detections(): readonly DetectionInfo[] {
    return this.knownDetections.filter((detection) => appOf(detection.app, this.knownApps) === undefined);
  }

  replaceApps(apps: readonly AppInfo[], detections: readonly DetectionInfo[]): void {
    this.knownApps = apps.map(normalizedApp);
    this.knownDetections = detections.map(normalized);
    this.changed.fire();
  }

  /** Forgets everything: the server that said it is gone. */
  clear(): void {
    this.replaceApps([], []);
  }

  replaceStatus(said: StatusParams): void {
    const status = normalized(said);
    this.knownApps = this.knownApps.map((app) => (app.app === status.app ? withStatus(app, status) : app));
    this.statusChanged.fire(status);
    this.changed.fire();
  }

  /** The environment that commands take from now on. */
  selectEnvironment(app: string, environment: string): void {
    this.knownApps = this.knownApps.map((one) => (one.app === app ? withSelected(one, environment) : one));
    this.changed.fire();
  }

  /** The app that the person looks at. */
  get focused(): AppInfo | undefined {
    const editor = vscode.window.activeTextEditor;
    return focusedApp(this.knownApps, {
      activeUri: editor?.document.uri.toString(),
      chosen: this.memento.get<string>(CHOSEN_KEY),
    });
  }

  get focusedStatus(): StatusParams | undefined {
    const app = this.focused;
    return app === undefined ? undefined : selectedEnvironment(app)?.status;
  }

  async choose(app: string): Promise<void> {
    await this.memento.update(CHOSEN_KEY, app);
    this.changed.fire();
  }

  status(target: Target): StatusParams | undefined {
    const app = this.knownApps.find((one) => one.app === target.app);
    if (app === undefined) return undefined;
    const environment =
      target.environment === undefined
        ? selectedEnvironment(app)
        : app.environments?.find((one) => one.environment === target.environment);
    return environment?.status;
  }

  /** The status of what answers at a URL. */
  statusAt(url: string): StatusParams | undefined {
    const statuses = this.knownApps.flatMap((app) => (app.environments ?? []).map((one) => one.status));
    return statuses.find((status) => status.url === url);
  }

  dispose(): void {
    this.changed.dispose();
    this.statusChanged.dispose();
  }
}

/** The server may percent-encode a URI differently from the editor; here they are compared as text. */
function normalized<Value extends { app: string }>(value: Value): Value {
  return { ...value, app: vscode.Uri.parse(value.app).toString() };
}

function normalizedApp(app: AppInfo): AppInfo {
  const environments = (app.environments ?? []).map((one) => ({ ...one, status: normalized(one.status) }));
  return { ...normalized(app), environments };
}

function withStatus(app: AppInfo, status: StatusParams): AppInfo {
  const environments = (app.environments ?? []).map((environment) =>
    environment.environment === status.environment ? { ...environment, status } : environment,
  );
  return { ...app, environments };
}

function withSelected(app: AppInfo, selected: string): AppInfo {
  const environments = (app.environments ?? []).map((one) => ({ ...one, selected: one.environment === selected }));
  return { ...app, environments };
}
