/** Draft's own messages. Mirrors `draft_ls/server/protocol.py` (a test compares the two); see docs/protocol.md. */

import type { Range } from "vscode-languageclient/node";

/** Put before the server's command names, so that they do not clash with the commands of this extension. */
export const COMMAND_PREFIX = "draft.server.";

/** `experimental.draft.version` of a server that speaks these messages. */
export const VERSION = 1;

export interface ProblemInfo {
  code: string;
  message: string;
  severity: string;
  stage?: string;
  uri?: string;
  range?: Range;
  cause?: string;
  fix?: string;
  details?: string[];
}

export interface StageInfo {
  stage: string;
  seconds: number;
}

export interface PodInfo {
  name: string;
  phase: string;
  ready?: boolean;
  restarts?: number;
  reason?: string;
}

export interface StatusParams {
  app: string;
  name: string;
  environment: string;
  state: State;
  run: number;
  watching: boolean;
  message: string;
  cause?: string;
  stage?: string;
  url?: string;
  route?: string;
  context?: string;
  namespace?: string;
  release?: string;
  revision?: number;
  image?: string;
  contentDigest?: string;
  liveDigest?: string;
  pods?: PodInfo[];
  problems?: ProblemInfo[];
  stages?: StageInfo[];
  took?: number;
}

/** The states of `draft_ls/engine/events.py`. */
export type State =
  | "idle"
  | "saved"
  | "held"
  | "building"
  | "pushing"
  | "syncing"
  | "releasing"
  | "rolling out"
  | "live"
  | "failed";

export interface LogLine {
  stream: string;
  text: string;
  stage?: string;
}

export interface LogParams {
  app: string;
  environment: string;
  lines: LogLine[];
  dropped?: number;
}

export interface EvidenceInfo {
  uri: string;
  seen: string;
  range?: Range;
}

export interface DetectionInfo {
  app: string;
  pack: string;
  language: string;
  confidence: number;
  framework?: string;
  version?: string;
  packageManager?: string;
  start?: string[];
  port?: number;
  evidence?: EvidenceInfo[];
}

export interface EnvironmentInfo {
  environment: string;
  name: string;
  namespace: string;
  selected: boolean;
  status: StatusParams;
}

export interface AppInfo {
  app: string;
  name: string;
  config: string;
  environments?: EnvironmentInfo[];
  problems?: ProblemInfo[];
  detection?: DetectionInfo;
}

export interface AppsResult {
  apps?: AppInfo[];
}

export interface SessionParams {
  app?: string;
  environment?: string;
}

export interface PlanResult {
  app: string;
  environment: string;
  kind: PlanKind;
  reason: string;
  files?: string[];
  fromStep?: number;
  steps?: number;
}

export type PlanKind = "nothing" | "sync" | "build" | "release" | "hold";

export interface DeploymentInfo {
  at: string;
  outcome: string;
  cause: string;
  context: string;
  namespace: string;
  release: string;
  took: number;
  revision?: number;
  image?: string;
  imageDigest?: string;
  contentDigest?: string;
  files?: string[];
  url?: string;
  message?: string;
}

export interface HistoryResult {
  app: string;
  environment: string;
  deployments?: DeploymentInfo[];
}

export interface DetectParams {
  folder: string;
}

/** `type` says how the answer is read. */
export interface VariableInfo {
  name: string;
  type: "string" | "integer" | "boolean" | "list";
  default?: string | number | boolean | string[];
  prompt: string;
  summary?: string;
  choices?: string[];
}

export interface PackInfo {
  name: string;
  title: string;
  summary: string;
  variables?: VariableInfo[];
}

export interface DetectResult {
  detections?: DetectionInfo[];
  packs?: PackInfo[];
}

export interface HoldParams {
  uri: string;
  reasons?: string[];
}

/** The one argument of every server command; each command reads what it needs. */
export interface CommandArguments {
  app?: string;
  environment?: string;
  job?: string;
  revision?: number;
  pack?: string;
  name?: string;
  answers?: Record<string, string>;
  pieces?: string[];
  replace?: string[];
  dryRun?: boolean;
  confirm?: boolean;
  watch?: boolean;
  force?: boolean;
  follow?: boolean;
  tail?: number;
  registry?: boolean;
  engine?: string;
  image?: string;
  privileged?: boolean;
  remove?: boolean;
}

export interface JobResult {
  job: string;
  app: string;
  environment: string;
  outcome?: string;
  message?: string;
  url?: string;
}

export interface SelectedResult {
  app: string;
  environment: string;
}

export interface FileInfo {
  uri: string;
  action: "create" | "keep" | "replace";
  reason: string;
  differs?: boolean;
}

export interface CreateResult {
  app: string;
  name: string;
  pack: string;
  applied: boolean;
  files?: FileInfo[];
  problems?: ProblemInfo[];
  message?: string;
}

export interface CheckInfo {
  name: string;
  ok: boolean;
  seen: string;
  fix?: string;
}

export interface DoctorResult {
  checks?: CheckInfo[];
}

export interface InitializationOptions {
  commandPrefix: string;
  notifications: boolean;
  trusted: boolean;
}

// The methods. Names instead of languageclient's typed messages, so that this extension is activated without
// loading languageclient: that takes most of the time, and only a server needs it.
export const STATUS = "draft/status";
export const LOG = "draft/log";
export const APPS_CHANGED = "draft/appsChanged";
export const HOLD = "draft/hold";
export const APPS = "draft/apps";
export const PLAN = "draft/plan";
export const HISTORY = "draft/history";
export const DETECT = "draft/detect";
