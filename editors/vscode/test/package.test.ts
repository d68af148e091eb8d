/** What `package.json` promises is there: commands, titles, translations, files. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { contextKeys } from "../src/contextKeys";

interface Manifest {
  contributes: {
    commands: { command: string }[];
    menus: Record<string, { command?: string }[]>;
    grammars: { path: string }[];
    snippets: { path: string }[];
    configuration: { properties: Record<string, unknown> };
    walkthroughs: { steps: { media: { image: string } }[] }[];
  };
  capabilities: { untrustedWorkspaces: { restrictedConfigurations: string[] } };
}

const read = (file: string) => readFileSync(file, "utf8");
const json = (file: string): unknown => JSON.parse(read(file));
const manifest = json("package.json") as Manifest;
const sources = (readdirSync("src", { recursive: true }) as string[])
  .filter((name) => name.endsWith(".ts"))
  .map((name) => read(path.join("src", name)));

test("every declared command has a handler, and every handler is declared", () => {
  const declared = manifest.contributes.commands.map((one) => one.command).sort();
  const handled = [...read("src/commands/register.ts").matchAll(/^ {4}"(draft\.\w+)":/gm)].map((match) => match[1]);
  assert.deepEqual(handled.sort(), declared);
});

test("menus name declared commands", () => {
  const declared = new Set(manifest.contributes.commands.map((one) => one.command));
  for (const item of Object.values(manifest.contributes.menus).flat()) {
    if (item.command !== undefined) assert.ok(declared.has(item.command), item.command);
  }
});

test("when clauses look at keys that the code sets", () => {
  const keys = new Set(Object.keys(contextKeys([], false)));
  const named = new Set([...read("package.json").matchAll(/"(?:when|enablement)": "([^"]*)"/g)].flatMap((match) => [...(match[1] ?? "").matchAll(/(?<!== )\bdraft\.\w+/g)].map(String)));
  assert.deepEqual([...named].filter((name) => !keys.has(name)), []);
  assert.deepEqual([...keys].filter((name) => !named.has(name)), [], "keys that nothing looks at");
});

test("every placeholder of package.json has a text in both languages", () => {
  const placeholders = new Set([...read("package.json").matchAll(/"%([\w.]+)%"/g)].map((match) => match[1]));
  for (const file of ["package.nls.json", "package.nls.zh-cn.json"]) {
    assert.deepEqual(new Set(Object.keys(json(file) as object)), placeholders, file);
  }
});

test("every text in the code is translated, with the same placeholders", () => {
  const texts = new Set<string>();
  for (const source of sources) {
    for (const match of source.matchAll(/l10n\.t\(\s*("(?:[^"\\]|\\.)*")/g)) texts.add(JSON.parse(match[1] ?? "") as string);
  }
  const bundle = json("l10n/bundle.l10n.zh-cn.json") as Record<string, string>;
  assert.deepEqual(Object.keys(bundle).sort(), [...texts].sort());
  const placeholders = (text: string) => [...text.matchAll(/\{\d\}/g)].map(String).sort();
  for (const [english, translated] of Object.entries(bundle)) {
    assert.deepEqual(placeholders(translated), placeholders(english), english);
  }
});

test("activation does not load languageclient: it takes longer than all the rest", () => {
  for (const [, imported] of sources.join("\n").matchAll(/^import (?!type )([^;]*?) from "vscode-languageclient/gm)) {
    assert.fail(imported);
  }
});

test("files that package.json names exist", () => {
  const { grammars, snippets, walkthroughs } = manifest.contributes;
  const images = walkthroughs.flatMap((one) => one.steps.map((step) => step.media.image));
  for (const file of [...grammars.map((one) => one.path), ...snippets.map((one) => one.path), ...images]) {
    assert.ok(existsSync(file), file);
  }
});

test("settings that can run something are not taken from an untrusted workspace", () => {
  const restricted = manifest.capabilities.untrustedWorkspaces.restrictedConfigurations;
  for (const name of Object.keys(manifest.contributes.configuration.properties)) {
    if (name.startsWith("draft.server.")) assert.ok(restricted.includes(name), name);
  }
  for (const name of restricted) assert.ok(name in manifest.contributes.configuration.properties, name);
});

test("the grammar's patterns are valid regular expressions", () => {
  const patterns: string[] = [];
  JSON.stringify(json("syntaxes/draft-toml.tmLanguage.json"), (key, value: unknown) => {
    if (["match", "begin", "end"].includes(key) && typeof value === "string") patterns.push(value);
    return value;
  });
  assert.ok(patterns.length > 10);
  for (const pattern of patterns) assert.doesNotThrow(() => new RegExp(pattern), pattern);
});
