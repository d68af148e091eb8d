// Two apps in one workspace, one of them with two environments: the status bar follows the active editor. What another
// extension says is wrong in a file holds its save back.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fetchText } from "../ground.mjs";

export default async function twoApps({ ground, folder, open, shot }) {
  const root = await folder();
  const [api, web] = [path.join(root, "api"), path.join(root, "web")];
  await mkdir(api);
  await mkdir(web);
  await ground.app(api, { name: "api", environments: ["development", "staging"] });
  await ground.app(web, { name: "web", example: "javascript" });
  await writeFile(path.join(web, "style.css"), "body { color: green; }\n");
  const workbench = await open(root);
  await workbench.openFile("app.py");
  await workbench.status(/api: not watching/);
  await workbench.openFile("package.json");
  await workbench.status(/web: not watching/);

  const entries = await workbench.explorerMenu("web");
  assert.ok(entries.includes("Up") && !entries.includes("Create"), `the menu of an app's folder: ${entries}`);
  await shot(workbench, "0-menu");
  await workbench.menuEntry("Up").click();
  const webUrl = await workbench.live();

  // The editor's own CSS extension says so; the server does not read style sheets.
  await workbench.openFile("style.css");
  await workbench.replace("green; }", "green;");
  await workbench.squiggles().first().waitFor();
  await workbench.save();
  await workbench.status(/web: held/);
  await (await workbench.hover()).getByText("has errors in the editor").first().waitFor();
  await shot(workbench, "1-held");
  await workbench.page.mouse.move(640, 300);
  await workbench.replace("green;", "blue; }");
  await workbench.save();
  await workbench.status(/web: live/, 90_000);

  await workbench.openFile("app.py");
  await workbench.status(/api: not watching/);

  await workbench.command("Draft: Select Environment");
  await workbench.quickRow("staging").waitFor();
  await shot(workbench, "2-environments");
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
  await shot(workbench, "3-both-live");
}
