// The same from a code action on a manifest: preview, files, undo.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { until } from "../ground.mjs";

export default async function codeAction({ ground, folder, open, shot }) {
  const app = await folder();
  await ground.example(app, "javascript");
  const workbench = await open(app);
  await workbench.openFile("package.json");
  await workbench.status(/Draft: create/);
  const entries = await workbench.explorerMenu("package.json");
  assert.deepEqual(entries, ["Create"], "a manifest that is no app's can only become one");
  await shot(workbench, "0-menu");
  await workbench.closeMenu();
  await workbench.page.locator(".editor-instance .view-line").first().click();
  const action = await workbench.codeAction("Draft: Create");
  await shot(workbench, "1-offered");
  await action.click();
  const apply = workbench.page.getByRole("button", { name: "Apply" });
  await apply.waitFor();
  assert.equal(existsSync(path.join(app, "Dockerfile")), false, "nothing is written before the person agrees");
  await apply.click();
  await until("files", () => ["Dockerfile", "chart/Chart.yaml", "draft.toml"].every((file) => existsSync(path.join(app, file))));
  await workbench.status(/not watching/);
  await until("saved editors", async () => (await workbench.page.locator(".tab.dirty").count()) === 0);
  await workbench.openFile("draft.toml");
  await workbench.page.locator(".codelens-decoration a").first().waitFor();
  await shot(workbench, "2-created");
  await workbench.undo();
  await until("undone", () => !existsSync(path.join(app, "draft.toml")) && !existsSync(path.join(app, "Dockerfile")));
  assert.ok(existsSync(path.join(app, "package.json")));
}
