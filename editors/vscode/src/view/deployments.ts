/** The record of deployments, as a person reads it. Pure. */

import { l10n } from "vscode";
import type { DeploymentInfo } from "../protocol";
import { outcomeWord } from "./words";

export interface ListedDeployment {
  readonly deployment: DeploymentInfo;
  /** It is what runs now. */
  readonly current: boolean;
  /** One can go back to it: it made its revision, and a newer deployment runs. */
  readonly earlier: boolean;
}

/**
 * Several deployments can have one revision: files that were synced into its containers make none. A roll back brings
 * the revision as it was released, so only its first deployment can be gone back to.
 *
 * @param deployments newest first.
 * @param revision the revision that runs now, if that is known.
 */
export function listed(
  deployments: readonly DeploymentInfo[],
  revision: number | undefined,
): readonly ListedDeployment[] {
  const live = deployments.filter((one) => one.outcome === "live" && one.revision !== undefined);
  const current = revision === undefined ? undefined : live.find((one) => one.revision === revision);
  return deployments.map((deployment) => ({
    deployment,
    current: deployment === current,
    earlier:
      deployment !== current && deployment === live.findLast((one) => one.revision === deployment.revision),
  }));
}

/** `#7 app.py`: the revision, and what changed. */
export function deploymentLabel(deployment: DeploymentInfo): string {
  const files = deployment.files ?? [];
  const [first] = files;
  const what =
    first === undefined
      ? deployment.cause
      : files.length === 1
        ? first
        : l10n.t("{0} and {1} more", first, files.length - 1);
  return deployment.revision === undefined ? what : `#${deployment.revision} ${what}`;
}

export function deploymentTooltip(deployment: DeploymentInfo): string {
  const files = deployment.files ?? [];
  const lines = [
    `${outcomeWord(deployment.outcome)} · ${deployment.cause}`,
    deployment.message,
    deployment.image,
    files.length === 0 ? undefined : l10n.t("Changed: {0}", files.join(", ")),
  ];
  return lines.filter(Boolean).join("\n");
}

export function deploymentIcon({ deployment, current }: ListedDeployment): string {
  if (current) return "pass-filled";
  if (deployment.outcome === "live") return "pass";
  return deployment.outcome === "failed" ? "error" : "circle-slash";
}
