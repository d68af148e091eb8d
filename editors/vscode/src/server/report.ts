/** The report about a broken server that a person can paste into an issue. Pure; holds no setting's value. */

import type { ServerExit } from "./crashes";

export interface ReportFacts {
  readonly extensionVersion: string;
  readonly editor: string;
  readonly platform: string;
  readonly serverCommand: readonly string[] | undefined;
  readonly serverVersion: string | undefined;
  readonly trusted: boolean;
  readonly exits: readonly ServerExit[];
  /** The last lines of the server's standard error, oldest first. */
  readonly lines: readonly string[];
  /** Replaced by `~` everywhere: a home folder names its owner. */
  readonly homeFolder: string;
}

export function formatReport(facts: ReportFacts): string {
  const text = [
    "### Draft: report",
    "",
    "| | |",
    "|---|---|",
    `| Extension | ${facts.extensionVersion} |`,
    `| Editor | ${facts.editor} |`,
    `| Platform | ${facts.platform} |`,
    `| Server | ${facts.serverVersion ?? "did not answer"} |`,
    `| Server command | \`${facts.serverCommand?.join(" ") ?? "none found"}\` |`,
    `| Workspace trusted | ${facts.trusted ? "yes" : "no"} |`,
    "",
    "#### Ends of the server",
    "",
    ...(facts.exits.length === 0 ? ["None in this window."] : facts.exits.map(formatExit)),
    "",
    "#### Last lines of the server",
    "",
    "```text",
    ...(facts.lines.length === 0 ? ["(none)"] : facts.lines),
    "```",
    "",
  ].join("\n");
  return facts.homeFolder.length > 1 ? text.replaceAll(facts.homeFolder, "~") : text;
}

function formatExit(exit: ServerExit): string {
  const how = exit.signal === null ? `exit code ${exit.code ?? "unknown"}` : `signal ${exit.signal}`;
  const when = exit.answered ? "while running" : "before it answered";
  return `- ${new Date(exit.at).toISOString()}: ${how}, ${when}`;
}
