/** What *Create* asks, as values. Pure. */

import { l10n } from "vscode";
import type { DetectionInfo, PackInfo, VariableInfo } from "../protocol";

export interface PackChoice {
  readonly label: string;
  readonly description: string;
  readonly detail?: string;
  readonly pack: string;
  /** The folder to set up. */
  readonly app: string;
}

const SHOWN_EVIDENCE = 4;

/** Every detection with what speaks for it, best first, then the packs that were not detected. */
export function packChoices(
  folder: string,
  detections: readonly DetectionInfo[],
  packs: readonly PackInfo[],
): { readonly detected: readonly PackChoice[]; readonly others: readonly PackChoice[] } {
  const detected = detections.map((detection) => ({
    label: capitalized(detection.framework ?? detection.language),
    description: facts(detection),
    detail: evidence(detection),
    pack: detection.pack,
    app: detection.app,
  }));
  const taken = new Set(detections.map((detection) => detection.pack));
  const others = packs
    .filter((pack) => !taken.has(pack.name))
    .map((pack) => ({ label: pack.title, description: pack.summary, pack: pack.name, app: folder }));
  return { detected, others };
}

function facts(detection: DetectionInfo): string {
  const known = [
    detection.version === undefined ? undefined : `${detection.language} ${detection.version}`,
    detection.packageManager,
    detection.port === undefined ? undefined : l10n.t("port {0}", detection.port),
    l10n.t("{0}% sure", Math.round(detection.confidence * 100)),
  ];
  return known.filter((fact) => fact !== undefined).join(" · ");
}

/** What was seen at a line says more than that a file is there, so such places come first and stand for their file. */
function evidence(detection: DetectionInfo): string {
  const all = (detection.evidence ?? []).map((one) => {
    const file = decodeURIComponent(one.uri.split("/").at(-1) ?? "");
    const line = one.range === undefined ? undefined : one.range.start.line + 1;
    return { file, text: line === undefined ? file : `${file}:${line} ${one.seen}`, hasLine: line !== undefined };
  });
  const atLines = all.filter((one) => one.hasLine);
  const files = all.filter((one) => !one.hasLine && !atLines.some((other) => other.file === one.file));
  return [...new Set([...atLines, ...files].map((one) => one.text))].slice(0, SHOWN_EVIDENCE).join(" · ");
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Helm allows 53 characters, so that the names of its parts fit Kubernetes' 63. */
const NAME_LIMIT = 53;

/** A folder's name as a Helm release can be called; the same as `dns_label` in `draft_ls/config/names.py`. */
export function suggestedName(folder: string): string {
  const last = decodeURIComponent(folder.replace(/\/+$/, "").split("/").at(-1) ?? "");
  const ascii = last.normalize("NFKD").replaceAll(/[^\u0020-\u007e]/g, "").toLowerCase();
  const label = ascii.replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-+|-+$/g, "");
  if (label === "") return "app";
  const named = /^\d/.test(label) ? `app-${label}` : label;
  return named.slice(0, NAME_LIMIT).replace(/-+$/, "");
}

/** Why a text is no name; undefined if it is one. */
export function nameProblem(name: string): string | undefined {
  if (name.length > NAME_LIMIT) return l10n.t("At most {0} characters.", NAME_LIMIT);
  if (/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)) return undefined;
  return l10n.t("Lower-case letters, digits and '-', with a letter or digit at both ends.");
}

/** What a pack asks besides the name: its variables that have a prompt. */
export function questionsOf(pack: PackInfo | undefined): readonly VariableInfo[] {
  return (pack?.variables ?? []).filter((variable) => variable.prompt !== "");
}

/** The choices of a question; none: any text is an answer. */
export function choicesOf(variable: VariableInfo): readonly { readonly label: string; readonly answer: string }[] {
  if (variable.type === "boolean") {
    return [
      { label: l10n.t("Yes"), answer: "true" },
      { label: l10n.t("No"), answer: "false" },
    ];
  }
  return (variable.choices ?? []).map((choice) => ({ label: choice, answer: choice }));
}

/** A variable's default as a person would type it. */
export function defaultAnswer(variable: VariableInfo): string {
  const { default: value } = variable;
  return Array.isArray(value) ? value.join(", ") : String(value ?? "");
}

/** Why a text is no answer; undefined if it is one. */
export function answerProblem(variable: VariableInfo, text: string): string | undefined {
  if (variable.type === "integer" && !/^\s*[+-]?\d+\s*$/.test(text)) return l10n.t("A whole number.");
  return undefined;
}
