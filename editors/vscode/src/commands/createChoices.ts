/** What *Create* asks, as values. Pure. */

import { l10n } from "vscode";
import type { DetectionInfo } from "../protocol";

export interface PackChoice {
  readonly label: string;
  readonly description: string;
  readonly detail?: string;
  /** Undefined: what the server detects. */
  readonly pack: string | undefined;
  /** The folder to set up. */
  readonly app: string;
}

const SHOWN_EVIDENCE = 4;

/** Every detection with what speaks for it, best first, then the packs that were not detected. */
export function packChoices(
  folder: string,
  detections: readonly DetectionInfo[],
  packs: readonly string[],
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
    .filter((pack) => !taken.has(pack))
    .map((pack) => ({ label: pack, description: l10n.t("not detected"), pack, app: folder }));
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

function evidence(detection: DetectionInfo): string {
  const seen = (detection.evidence ?? []).map((one) => {
    const file = decodeURIComponent(one.uri.split("/").at(-1) ?? "");
    const line = one.range === undefined ? "" : `:${one.range.start.line + 1}`;
    return `${file}${line}: ${one.seen}`;
  });
  return [...new Set(seen)].slice(0, SHOWN_EVIDENCE).join(" · ");
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
