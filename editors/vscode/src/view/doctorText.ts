/** The doctor's findings as a page. Pure. */

import { l10n } from "vscode";
import type { CheckInfo } from "../protocol";
import { escaped } from "./markdown";

export function doctorPage(checks: readonly CheckInfo[]): string {
  const bad = checks.filter((check) => !check.ok);
  const summary =
    bad.length === 0
      ? l10n.t("Everything that a deploy needs is there.")
      : l10n.t("{0} of {1} checks need attention.", bad.length, checks.length);
  const rows = checks.map((check) => {
    const fix = check.fix === undefined || check.ok ? "" : `<br>**→** ${escaped(check.fix)}`;
    return `| ${check.ok ? "✓" : "✗"} | **${escaped(check.name)}** | ${escaped(check.seen)}${fix} |`;
  });
  return [`# ${l10n.t("Draft: Doctor")}`, "", summary, "", "| | | |", "|---|---|---|", ...rows, ""].join("\n");
}
