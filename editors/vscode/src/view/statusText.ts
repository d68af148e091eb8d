/** What the status bar says. Pure: from the newest truth to an item's text, tooltip and command. */

import { l10n } from "vscode";
import type { ProblemInfo, State, StatusParams } from "../protocol";
import type { ServerState } from "../server/languageServer";
import { code, commandLink, escaped } from "./markdown";
import { seconds, shortUrl, stageWord, stateWord } from "./words";

export interface StatusItemView {
  readonly text: string;
  /** Markdown; its command links are limited to `TOOLTIP_COMMANDS`. */
  readonly tooltip: string;
  readonly command: string;
  readonly severity: "normal" | "warning" | "error";
  /** For screen readers: no icons. */
  readonly label: string;
}

export interface StatusInput {
  readonly server: ServerState;
  /** The chosen app in its selected environment. */
  readonly status: StatusParams | undefined;
  /** The name of the chosen app; without a status its draft.toml names no environment that can be used. */
  readonly app?: string;
  /** Whether the workspace holds more than one app. */
  readonly several: boolean;
  /** A folder that could become an app, and what it is. */
  readonly detected: string | undefined;
  readonly trusted: boolean;
}

export const TOOLTIP_COMMANDS = [
  "draft.up", "draft.stop", "draft.cancel", "draft.open", "draft.logs", "draft.history", "draft.rollback",
  "draft.showOutput", "draft.showProblem", "draft.selectEnvironment", "draft.selectApp", "draft.plan",
  "draft.restartServer", "draft.showReport", "draft.deployAnyway", "workbench.trust.manage",
] as const;

/** Shorter stages would all be shown as 0.0 s. */
const SHOWN_SECONDS = 0.05;

/** A longer cause is a tool's whole output. */
const CAUSE_LENGTH = 160;

const WORKING: readonly State[] = ["saved", "building", "pushing", "syncing", "releasing", "rolling out"];

export function isWorking(state: State): boolean {
  return WORKING.includes(state);
}

/** Whether what answers is what is saved. */
export function isStale(status: StatusParams): boolean {
  return (
    status.contentDigest !== undefined &&
    status.liveDigest !== undefined &&
    status.contentDigest !== status.liveDigest
  );
}

/** Undefined: there is nothing to say, and the item is hidden. */
export function renderStatus(input: StatusInput): StatusItemView | undefined {
  return renderServer(input) ?? renderApp(input);
}

function renderServer({ server }: StatusInput): StatusItemView | undefined {
  switch (server.kind) {
    case "running":
      return undefined;
    case "stopped":
      return undefined;
    case "starting":
      return item("loading~spin", l10n.t("Draft: starting"), l10n.t("The Draft server is starting."));
    case "recovering":
      return item(
        "loading~spin",
        l10n.t("Draft: restarting"),
        `${l10n.t("The Draft server ended by itself and is started again.")}\n\n${serverLinks()}`,
        "warning",
      );
    case "failed":
      return {
        ...item("error", l10n.t("Draft: no server"), `${escaped(server.message)}\n\n${serverLinks()}`, "error"),
        command: "draft.restartServer",
      };
  }
}

function serverLinks(): string {
  return [
    commandLink(`$(debug-restart) ${l10n.t("Restart Server")}`, "draft.restartServer", undefined),
    commandLink(`$(report) ${l10n.t("Show Report")}`, "draft.showReport", undefined),
    commandLink(`$(output) ${l10n.t("Show Output")}`, "draft.showOutput", undefined),
  ].join(" · ");
}

function renderApp(input: StatusInput): StatusItemView | undefined {
  const { status } = input;
  if (input.server.kind !== "running") return undefined;
  if (status === undefined && input.app === undefined) {
    return input.detected === undefined ? undefined : renderDetected(input.detected);
  }
  if (!input.trusted) {
    const trust = commandLink(l10n.t("Manage Workspace Trust"), "workbench.trust.manage", undefined);
    const tooltip = `${l10n.t("In a restricted workspace nothing is built or deployed.")}\n\n${trust}`;
    return { ...item("shield", l10n.t("Draft: restricted"), tooltip), command: "workbench.trust.manage" };
  }
  if (status === undefined) return renderUnusable();
  const [icon, what] = headline(status);
  const who = input.several ? `${status.name}: ` : "Draft: ";
  return {
    ...item(icon, who + what, tooltip(status, input.several), severityOf(status.state)),
    command: commandOf(status),
  };
}

function renderUnusable(): StatusItemView {
  const tooltip = l10n.t("draft.toml names no environment that can be used. Click to see why.");
  return { ...item("warning", l10n.t("Draft: see draft.toml"), tooltip, "warning"), command: "draft.showProblem" };
}

function renderDetected(what: string): StatusItemView {
  const tooltip = l10n.t("{0} — click to make it ready for Kubernetes.", escaped(what));
  return { ...item("rocket", l10n.t("Draft: create"), tooltip), command: "draft.create" };
}

function item(
  icon: string,
  label: string,
  tooltip: string,
  severity: StatusItemView["severity"] = "normal",
): StatusItemView {
  return { text: `$(${icon}) ${label}`, tooltip, command: "draft.menu", severity, label };
}

function headline(status: StatusParams): [icon: string, text: string] {
  const url = status.url === undefined ? "" : ` · ${shortUrl(status.url)}`;
  if (status.state === "failed") {
    const stage = status.problems?.[0]?.stage ?? status.stage;
    const what = stage === undefined ? stateWord("failed") : l10n.t("{0} failed", stageWord(stage));
    return ["error", what + url];
  }
  if (isWorking(status.state)) return ["sync~spin", stateWord(status.state) + url];
  if (status.state === "held") return ["debug-pause", stateWord("held") + url];
  if (status.state !== "live") return ["circle-large-outline", stateWord(status.state) + url];
  if (isStale(status)) return ["circle-large-filled", l10n.t("saved, not live") + url];
  return ["pass-filled", stateWord("live") + url];
}

function severityOf(state: State): StatusItemView["severity"] {
  if (state === "failed") return "error";
  return state === "held" ? "warning" : "normal";
}

function commandOf(status: StatusParams): string {
  if (status.state === "live" && status.url !== undefined) return "draft.open";
  if (status.state === "failed" || status.state === "held") return "draft.showProblem";
  return isWorking(status.state) ? "draft.showOutput" : "draft.menu";
}

function tooltip(status: StatusParams, several: boolean): string {
  const target = { app: status.app, environment: status.environment };
  const problems = (status.problems ?? []).slice(0, 3);
  // When all is well the table says it better, and else a problem may have said it already.
  const said = status.state === "live" || problems.some((one) => one.message === status.message);
  const parts = [
    `**${escaped(status.name)}** · ${escaped(status.environment)} — ${stateWord(status.state)}`,
    ...problems.map(problemLine),
    said ? "" : escaped(status.message),
    factTable(status),
    links(status, target, several),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function factTable(status: StatusParams): string {
  const rows: [string, string | undefined][] = [
    [l10n.t("Address"), status.url === undefined ? undefined : `[${escaped(status.url)}](${status.url})`],
    [l10n.t("Context"), status.context === undefined ? undefined : code(status.context)],
    [l10n.t("Namespace"), status.namespace === undefined ? undefined : code(status.namespace)],
    [l10n.t("Release"), release(status)],
    [l10n.t("Image"), status.image === undefined ? undefined : code(status.image)],
    [l10n.t("Cause"), status.cause === undefined || status.cause === "" ? undefined : escaped(status.cause)],
    [l10n.t("Took"), took(status)],
  ];
  const known = rows.filter((row): row is [string, string] => row[1] !== undefined);
  if (known.length === 0) return "";
  return ["| | |", "|---|---|", ...known.map(([name, value]) => `| ${name} | ${value} |`)].join("\n");
}

function release(status: StatusParams): string | undefined {
  if (status.release === undefined) return undefined;
  const revision = status.revision === undefined ? "" : ` · ${l10n.t("revision {0}", status.revision)}`;
  return code(status.release) + revision;
}

function took(status: StatusParams): string | undefined {
  const stages = (status.stages ?? [])
    .filter((stage) => stage.seconds >= SHOWN_SECONDS)
    .map((stage) => `${stageWord(stage.stage)} ${seconds(stage.seconds)}`);
  if (status.took === undefined) return stages.length === 0 ? undefined : stages.join(" · ");
  return stages.length === 0
    ? seconds(status.took)
    : `${seconds(status.took)} (${stages.join(" · ")})`;
}

/** What, why and what to do; the why only where it is short: all of it is in the editor and in the output. */
function problemLine(problem: ProblemInfo): string {
  const icon = problem.severity === "error" ? "error" : "warning";
  const lines = [`$(${icon}) ${escaped(problem.message)}`];
  const cause = problem.cause ?? "";
  if (cause !== "" && cause !== problem.message && cause.length <= CAUSE_LENGTH) lines.push(escaped(cause));
  if (problem.fix !== undefined && problem.fix !== "") lines.push(`$(lightbulb) ${escaped(problem.fix)}`);
  return lines.join("  \n");
}

function links(status: StatusParams, target: object, several: boolean): string {
  const link = (icon: string, label: string, command: string) =>
    commandLink(`$(${icon}) ${label}`, command, target);
  const working = isWorking(status.state);
  const all = [
    working ? link("circle-slash", l10n.t("Cancel"), "draft.cancel") : link("rocket", l10n.t("Up"), "draft.up"),
    status.state === "held" ? link("run-above", l10n.t("Deploy Anyway"), "draft.deployAnyway") : "",
    status.watching ? link("debug-stop", l10n.t("Stop"), "draft.stop") : "",
    link("output", l10n.t("Output"), "draft.showOutput"),
    link("list-flat", l10n.t("Logs"), "draft.logs"),
    link("history", l10n.t("History"), "draft.history"),
    several ? link("folder", l10n.t("Other App"), "draft.selectApp") : "",
    link("server-environment", l10n.t("Environment"), "draft.selectEnvironment"),
  ];
  return all.filter((one) => one !== "").join(" · ");
}
