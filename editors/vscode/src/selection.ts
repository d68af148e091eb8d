/** Which app and environment a command or the status bar is about. Pure. */

import type { AppInfo, EnvironmentInfo } from "./protocol";

/** The app that a file or folder belongs to: the one whose folder is the deepest around it. */
export function appOf(uri: string, apps: readonly AppInfo[]): AppInfo | undefined {
  const around = apps.filter((app) => uri === app.app || uri.startsWith(withSlash(app.app)));
  return around.reduce<AppInfo | undefined>(
    (deepest, app) => (deepest === undefined || app.app.length > deepest.app.length ? app : deepest),
    undefined,
  );
}

export interface Focus {
  /** The file in the active editor. */
  readonly activeUri: string | undefined;
  /** The app that the person chose last. */
  readonly chosen: string | undefined;
}

/** The app of the active editor, else the one chosen last, else one that was started, else the first. */
export function focusedApp(apps: readonly AppInfo[], focus: Focus): AppInfo | undefined {
  const active = focus.activeUri === undefined ? undefined : appOf(focus.activeUri, apps);
  return (
    active ??
    apps.find((app) => app.app === focus.chosen) ??
    apps.find((app) => app.environments?.some((environment) => environment.status.state !== "idle")) ??
    apps[0]
  );
}

export function selectedEnvironment(app: AppInfo): EnvironmentInfo | undefined {
  return app.environments?.find((environment) => environment.selected) ?? app.environments?.[0];
}

function withSlash(uri: string): string {
  return uri.endsWith("/") ? uri : `${uri}/`;
}
