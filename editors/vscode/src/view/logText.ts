/** Lines of tools as they fit a log channel. Pure. */

import type { LogLine, ProblemInfo } from "../protocol";

export type Level = "error" | "warn" | "info";

// Control sequences (colours, cursor movements), hyperlinks and titles, and two-character escapes.
// eslint-disable-next-line no-control-regex
const ANSI = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\^_])/g;

/** What a terminal would show at last: without escapes, and of an overwritten line only the end. */
export function plain(text: string): string {
  const line = text.replaceAll(ANSI, "").replace(/[\r\n]+$/, "");
  return line.slice(line.lastIndexOf("\r") + 1);
}

/** Tools write progress to standard error, so only their own words say how bad a line is. */
export function levelOf(text: string): Level {
  if (/^\s*(?:error|fatal|panic)\b|^\s*npm (?:err!|error)/i.test(text)) return "error";
  return /^\s*(?:warn|warning)\b|^\s*npm warn/i.test(text) ? "warn" : "info";
}

/** `[hello build] Step 1/8`; undefined for a line that shows nothing. */
export function buildLine(app: string, line: LogLine): { level: Level; text: string } | undefined {
  const text = plain(line.text);
  if (text.trim() === "") return undefined;
  return { level: levelOf(text), text: `[${app} ${line.stage ?? line.stream}] ${text}` };
}

/** A problem with the place in the form that output channels turn into a link. */
export function problemText(problem: ProblemInfo, path: string | undefined): string {
  const start = problem.range?.start;
  const place = path === undefined ? "" : start === undefined ? path : `${path}:${start.line + 1}:${start.character + 1}`;
  const parts = [
    place === "" ? problem.message : `${place} ${problem.message}`,
    problem.cause === undefined || problem.cause === "" ? undefined : `  cause: ${problem.cause}`,
    ...(problem.details ?? []).map((detail) => `  | ${plain(detail)}`),
    problem.fix === undefined || problem.fix === "" ? undefined : `  fix: ${problem.fix}`,
  ];
  return parts.filter((part) => part !== undefined).join("\n");
}
