// Two apps in one workspace, one of them with two environments: the status bar follows the active editor.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { fetchText } from "../ground.mjs";

export default async function twoApps({ ground, folder, open, shot }) {
  const root = await folder();
  const [api, web] = [path.join(root, "api"), path.join(root, "web")];
  await mkdir(api);
  await mkdir(web);
  await ground.app(api, { name: "api", environments: ["development", "staging"] });
  await ground.app(web, { name: "web", example: "javascript" });
  const workbench = await open(root);
  await workbench.openFile("app.py");
  await workbench.status(/api: not watching/);
  await workbench.openFile("package.json");
  await workbench.status(/web: not watching/);

  await workbench.command("Draft: Up");
  const webUrl = await workbench.live();
  await workbench.openFile("app.py");
  await workbench.status(/api: not watching/);

  await workbench.command("Draft: Select Environment");
  await workbench.quickRow("staging").waitFor();
  await shot(workbench, "1-environments");
  await workbench.quickRow("staging").click();
  await workbench.openSideView();
  await workbench.treeRow(/staging.*selected/).waitFor();
  await workbench.command("Draft: Up");
  await workbench.status(/api-staging: live/, 90_000);
  const [, apiHost] = /· (\S+)/.exec(await workbench.itemText());
  assert.match(await fetchText(`http://${apiHost}`), /Hello, World!/);
  assert.doesNotMatch(await fetchText(webUrl), /no answer/);
  const hover = await workbench.hover();
  await hover.getByText("api-staging").first().waitFor();
  await shot(workbench, "2-both-live");
}
