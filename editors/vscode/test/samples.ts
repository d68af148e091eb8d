/** Messages as a server sends them, for tests. */

import type { AppInfo, DeploymentInfo, DetectionInfo, StatusParams } from "../src/protocol";

export const APP = "file:///home/me/hello";

export function status(changes: Partial<StatusParams> = {}): StatusParams {
  return {
    app: APP,
    name: "hello",
    environment: "development",
    state: "idle",
    run: 1,
    watching: false,
    message: "",
    ...changes,
  };
}

export const LIVE = status({
  state: "live",
  watching: true,
  message: "Live at http://localhost:49591",
  cause: "app.py saved",
  url: "http://localhost:49591/",
  route: "tunnel",
  context: "kind-kind",
  namespace: "default",
  release: "hello",
  revision: 7,
  image: "127.0.0.1:5000/hello:5a3c633ae76c",
  contentDigest: "aa",
  liveDigest: "aa",
  stages: [
    { stage: "build", seconds: 0.41 },
    { stage: "rollout", seconds: 12.3 },
  ],
  took: 13.2,
});

export function app(changes: Partial<AppInfo> = {}, ...statuses: StatusParams[]): AppInfo {
  const all = statuses.length === 0 ? [status()] : statuses;
  return {
    app: APP,
    name: "hello",
    config: `${APP}/draft.toml`,
    environments: all.map((one, index) => ({
      environment: one.environment,
      name: one.name,
      namespace: "default",
      selected: index === 0,
      status: one,
    })),
    ...changes,
  };
}

export function detection(changes: Partial<DetectionInfo> = {}): DetectionInfo {
  return {
    app: APP,
    pack: "python",
    language: "python",
    framework: "flask",
    version: "3.11",
    packageManager: "pip",
    port: 8080,
    confidence: 0.93,
    evidence: [
      {
        uri: `${APP}/requirements.txt`,
        seen: "flask",
        range: { start: { line: 2, character: 0 }, end: { line: 2, character: 5 } },
      },
    ],
    ...changes,
  };
}

export function deployment(changes: Partial<DeploymentInfo> = {}): DeploymentInfo {
  return {
    at: "2026-01-02T03:04:05Z",
    outcome: "live",
    cause: "app.py saved",
    context: "kind-kind",
    namespace: "default",
    release: "hello",
    revision: 6,
    took: 2.4,
    files: ["app.py"],
    ...changes,
  };
}
