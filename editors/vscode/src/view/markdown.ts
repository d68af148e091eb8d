/** Small pieces of Markdown for tooltips and pages. Pure. */

/** Text that comes from elsewhere, so that it shows as it is. */
export function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-!|<>~&]/g, "\\$&").replace(/\s*\n\s*/g, " ");
}

export function code(text: string): string {
  return "`" + text.replaceAll("`", "'") + "`";
}

export function commandLink(label: string, command: string, argument: unknown, title = ""): string {
  const query = argument === undefined ? "" : `?${encodeURIComponent(JSON.stringify([argument]))}`;
  return `[${label}](command:${command}${query}${title === "" ? "" : ` "${title}"`})`;
}
