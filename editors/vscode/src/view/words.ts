/** Words of the protocol in the person's language. The protocol's own stay English. */

import { env, l10n } from "vscode";
import type { PlanKind, State } from "../protocol";

export function stateWord(state: State): string {
  switch (state) {
    case "idle":
      return l10n.t("not watching");
    case "saved":
      return l10n.t("saved");
    case "held":
      return l10n.t("held");
    case "building":
      return l10n.t("building");
    case "pushing":
      return l10n.t("pushing");
    case "syncing":
      return l10n.t("syncing");
    case "releasing":
      return l10n.t("releasing");
    case "rolling out":
      return l10n.t("rolling out");
    case "live":
      return l10n.t("live");
    case "failed":
      return l10n.t("failed");
  }
}

/** A stage as a noun: for timings, `build 0.4 s`, and for failures, `build failed`. */
export function stageWord(stage: string): string {
  switch (stage) {
    case "detect":
      return l10n.t("detect");
    case "scaffold":
      return l10n.t("scaffold");
    case "build":
      return l10n.t("build");
    case "push":
      return l10n.t("push");
    case "release":
      return l10n.t("release");
    case "rollout":
      return l10n.t("rollout");
    case "route":
      return l10n.t("route");
    case "sync":
      return l10n.t("sync");
    default:
      return stage;
  }
}

export function planWord(kind: PlanKind): string {
  switch (kind) {
    case "nothing":
      return l10n.t("nothing to do");
    case "sync":
      return l10n.t("sync files");
    case "build":
      return l10n.t("build an image");
    case "release":
      return l10n.t("release the chart only");
    case "hold":
      return l10n.t("hold");
  }
}

export function outcomeWord(outcome: string): string {
  switch (outcome) {
    case "live":
      return l10n.t("live");
    case "nothing":
      return l10n.t("nothing to do");
    case "held":
      return l10n.t("held");
    case "failed":
      return l10n.t("failed");
    case "superseded":
      return l10n.t("superseded");
    case "cancelled":
      return l10n.t("cancelled");
    default:
      return outcome;
  }
}

export function seconds(value: number): string {
  return l10n.t("{0} s", value < 10 ? value.toFixed(1) : value.toFixed(0));
}

/** A URL as it fits a status bar: no `http://`, no closing slash. */
export function shortUrl(url: string): string {
  return url.replace(/^http:\/\//, "").replace(/\/$/, "");
}

/** A moment in ISO 8601, as the person writes it: of today the time, of another day also the date. */
export function localTime(at: string, now = new Date()): string {
  const moment = new Date(at);
  return moment.toDateString() === now.toDateString()
    ? moment.toLocaleTimeString(env.language, { timeStyle: "medium" })
    : moment.toLocaleString(env.language, { dateStyle: "medium", timeStyle: "short" });
}
