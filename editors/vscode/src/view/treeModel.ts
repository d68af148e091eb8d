/** The side view as values: apps → environments → route, release, pods, problems, deployments. Pure. */

import { l10n } from "vscode";
import type {
  AppInfo,
  DeploymentInfo,
  DetectionInfo,
  EnvironmentInfo,
  PodInfo,
  ProblemInfo,
  StatusParams,
} from "../protocol";
import type { Target } from "../store";
import { deploymentIcon, deploymentLabel, deploymentTooltip, listed, type ListedDeployment } from "./deployments";
import { isStale, isWorking } from "./statusText";
import { localTime, outcomeWord, seconds, shortUrl, stageWord, stateWord } from "./words";

export interface TreeNode {
  /** Stable over refreshes, so that what is open stays open. */
  readonly id: string;
  readonly label: string;
  readonly description?: string;
  /** Plain text. */
  readonly tooltip?: string;
  readonly icon: string;
  /** A theme colour of the icon. */
  readonly color?: string;
  /** What menus look at, as words between semicolons: `environment;live;watching`. */
  readonly context: string;
  readonly target?: Target;
  readonly revision?: number;
  readonly command?: { readonly command: string; readonly title: string; readonly arguments: readonly unknown[] };
  readonly children: readonly TreeNode[];
  readonly expanded?: boolean;
}

/** The recorded deployments of a session, if they have been read; newest first. */
export type HistoryOf = (target: Target) => readonly DeploymentInfo[] | undefined;

const SHOWN_DEPLOYMENTS = 10;
/** So many are open from the start. */
const FEW_APPS = 3;

export function buildTree(
  apps: readonly AppInfo[],
  detections: readonly DetectionInfo[],
  historyOf: HistoryOf,
): readonly TreeNode[] {
  return [
    ...apps.map((app) => appNode(app, apps.length <= FEW_APPS, historyOf)),
    ...detections.map(detectionNode),
  ];
}

function appNode(app: AppInfo, few: boolean, historyOf: HistoryOf): TreeNode {
  const problems = (app.problems ?? []).map((problem, index) => problemNode(problem, `${app.app}#${index}`));
  const environments = app.environments ?? [];
  return {
    id: app.app,
    label: app.name,
    description: kindOf(app),
    tooltip: app.config,
    icon: "package",
    context: "app",
    target: { app: app.app },
    expanded: few || environments.some((environment) => environment.status.state !== "idle"),
    children: [...problems, ...environments.map((environment) => environmentNode(app, environment, historyOf))],
  };
}

function kindOf(app: AppInfo): string | undefined {
  const { detection } = app;
  if (detection === undefined) return undefined;
  return [detection.framework ?? detection.language, detection.version].filter(Boolean).join(" ");
}

function detectionNode(detection: DetectionInfo): TreeNode {
  const folder = decodeURIComponent(detection.app.replace(/\/$/, "").split("/").at(-1) ?? "");
  return {
    id: `${detection.app}#detected`,
    label: folder,
    description: l10n.t("{0}, not set up yet", detection.framework ?? detection.language),
    tooltip: (detection.evidence ?? []).map((evidence) => evidence.seen).join("\n"),
    icon: "add",
    context: "detected",
    target: { app: detection.app },
    command: { command: "draft.create", title: l10n.t("Create"), arguments: [{ app: detection.app }] },
    children: [],
  };
}

function environmentNode(app: AppInfo, environment: EnvironmentInfo, historyOf: HistoryOf): TreeNode {
  const { status } = environment;
  const target = { app: app.app, environment: environment.environment };
  const [icon, color] = stateIcon(status);
  const id = `${app.app}#${environment.environment}`;
  return {
    id,
    label: environment.environment,
    description: environmentDescription(environment, (app.environments ?? []).length > 1),
    tooltip: status.message,
    icon,
    color,
    context: environmentContext(environment),
    target,
    expanded: environment.selected && status.state !== "idle",
    children: [
      ...routeNode(id, status, target),
      ...releaseNode(id, status),
      ...imageNode(id, status),
      ...podsNode(id, status),
      ...(status.problems ?? []).map((problem, index) => problemNode(problem, `${id}#problem${index}`)),
      historyNode(id, target, status, historyOf(target)),
    ],
  };
}

function environmentDescription({ status, selected }: EnvironmentInfo, several: boolean): string {
  const state = isStale(status) && status.state === "live" ? l10n.t("saved, not live") : stateWord(status.state);
  return selected && several ? `${state} · ${l10n.t("selected")}` : state;
}

function environmentContext({ status, selected }: EnvironmentInfo): string {
  const words = [
    "environment",
    selected ? "selected" : "other",
    isWorking(status.state) ? "working" : "resting",
    ...(status.watching ? ["watching"] : []),
    ...(status.url === undefined ? [] : ["reachable"]),
    ...(status.state === "held" ? ["held"] : []),
  ];
  return words.join(";");
}

function stateIcon(status: StatusParams): [icon: string, color: string | undefined] {
  if (status.state === "failed") return ["error", "testing.iconFailed"];
  if (status.state === "held") return ["debug-pause", "notificationsWarningIcon.foreground"];
  if (isWorking(status.state)) return ["sync~spin", undefined];
  if (status.state !== "live") return ["circle-large-outline", undefined];
  return isStale(status) ? ["circle-large-filled", undefined] : ["pass-filled", "testing.iconPassed"];
}

function routeNode(id: string, status: StatusParams, target: Target): TreeNode[] {
  if (status.url === undefined) return [];
  const { url } = status;
  return [
    {
      id: `${id}#route`,
      label: shortUrl(url),
      description: status.route,
      tooltip: url,
      icon: "globe",
      context: "route",
      target,
      command: { command: "draft.open", title: l10n.t("Open App"), arguments: [target] },
      children: [],
    },
  ];
}

function releaseNode(id: string, status: StatusParams): TreeNode[] {
  if (status.release === undefined) return [];
  const revision = status.revision === undefined ? "" : l10n.t("revision {0}", status.revision);
  const where = [status.context, status.namespace].filter(Boolean).join(" / ");
  return [
    {
      id: `${id}#release`,
      label: status.release,
      description: [revision, where].filter((part) => part !== "").join(" · "),
      tooltip: l10n.t("Helm release {0} in {1}", status.release, where),
      icon: "versions",
      context: "release",
      children: [],
    },
  ];
}

function imageNode(id: string, status: StatusParams): TreeNode[] {
  if (status.image === undefined) return [];
  const colon = status.image.lastIndexOf(":");
  return [
    {
      id: `${id}#image`,
      label: status.image.slice(colon + 1),
      description: status.image.slice(0, colon),
      tooltip: status.image,
      icon: "layers",
      context: "image",
      children: [],
    },
  ];
}

function podsNode(id: string, status: StatusParams): TreeNode[] {
  const pods = status.pods ?? [];
  if (pods.length === 0) return [];
  const ready = pods.filter((pod) => pod.ready === true).length;
  return [
    {
      id: `${id}#pods`,
      label: l10n.t("Pods"),
      description: l10n.t("{0} of {1} ready", ready, pods.length),
      icon: "server",
      context: "pods",
      expanded: true,
      children: pods.map((pod) => podNode(`${id}#${pod.name}`, pod)),
    },
  ];
}

function podNode(id: string, pod: PodInfo): TreeNode {
  const restarts = pod.restarts ?? 0;
  const words = [
    pod.ready === true ? l10n.t("ready") : pod.phase,
    restarts === 0 ? undefined : restarts === 1 ? l10n.t("1 restart") : l10n.t("{0} restarts", restarts),
    pod.reason,
  ];
  const description = words.filter(Boolean).join(" · ");
  const [icon, color] = podIcon(pod);
  return { id, label: pod.name, description, tooltip: `${pod.name}\n${description}`, icon, color, context: "pod", children: [] };
}

function podIcon(pod: PodInfo): [icon: string, color: string | undefined] {
  if (pod.ready === true) return ["pass-filled", "testing.iconPassed"];
  if (pod.phase === "Succeeded") return ["pass", undefined];
  if (pod.phase === "Failed" || (pod.restarts ?? 0) > 0) return ["error", "testing.iconFailed"];
  return [pod.phase === "Terminating" ? "circle-slash" : "circle-large-outline", undefined];
}

function problemNode(problem: ProblemInfo, id: string): TreeNode {
  return {
    id,
    label: problem.message,
    description: problem.stage === undefined ? undefined : stageWord(problem.stage),
    tooltip: [problem.message, problem.cause, problem.fix].filter(Boolean).join("\n\n"),
    icon: problem.severity === "error" ? "error" : "warning",
    color: problem.severity === "error" ? "testing.iconFailed" : "notificationsWarningIcon.foreground",
    context: "problem",
    command: { command: "draft.showProblem", title: l10n.t("Show Problem"), arguments: [{ problem }] },
    children: [],
  };
}

function historyNode(
  id: string,
  target: Target,
  status: StatusParams,
  deployments: readonly DeploymentInfo[] | undefined,
): TreeNode {
  const shown = listed(deployments ?? [], status.revision).slice(0, SHOWN_DEPLOYMENTS);
  return {
    id: `${id}#history`,
    label: l10n.t("Deployments"),
    description: deployments === undefined ? undefined : String(deployments.length),
    icon: "history",
    context: "history",
    target,
    children: shown.map((one, index) => deploymentNode(`${id}#${one.deployment.at}#${index}`, target, one)),
  };
}

function deploymentNode(id: string, target: Target, one: ListedDeployment): TreeNode {
  const { deployment, current, earlier } = one;
  const live = deployment.outcome === "live";
  return {
    id,
    label: deploymentLabel(deployment),
    description: `${localTime(deployment.at)} · ${live ? seconds(deployment.took) : outcomeWord(deployment.outcome)}`,
    tooltip: deploymentTooltip(deployment),
    icon: deploymentIcon(one),
    color: current ? "testing.iconPassed" : deployment.outcome === "failed" ? "testing.iconFailed" : undefined,
    context: earlier ? "deployment;earlier" : "deployment",
    target,
    revision: deployment.revision,
    children: [],
  };
}
