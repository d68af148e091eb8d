// A workspace that is not trusted: draft.toml is still checked, nothing can be deployed; trust brings the rest.
import assert from "node:assert/strict";
import path from "node:path";
import { replaceInFile } from "../ground.mjs";

export default async function untrusted({ ground, folder, open, shot }) {
  const app = await ground.app(await folder(), { name: "untrusted" });
  await replaceInFile(path.join(app.folder, "draft.toml"), "watch = true", 'watch = "yes"');
  const workbench = await open(app.folder, { trust: false });
  await workbench.openFile("draft.toml");
  await workbench.status(/restricted/);
  await workbench.squiggleAt("watch =");
  const rows = await workbench.paletteRows("Draft:");
  assert.ok(!rows.some((row) => /^Draft: (Up(?!date)|Connect|Delete)/.test(row)), `nothing deploys: ${rows}`);
  assert.ok(rows.some((row) => row.startsWith("Draft: Create")));
  await shot(workbench, "1-restricted");

  await workbench.item.click();
  await workbench.page.locator(".workspace-trust-editor").getByRole("button", { name: "Trust", exact: true }).click();
  await workbench.status(/see draft\.toml/);
  // The trust editor lies over the window.
  await workbench.page.locator(".monaco-modal-editor-block").getByRole("button", { name: /^Close/ }).first().click();
  await workbench.page.locator(".monaco-modal-editor-block").waitFor({ state: "detached" });
  await workbench.item.click();
  await workbench.tab("draft.toml").waitFor();
  await workbench.replace('"yes"', "true");
  await workbench.save();
  await workbench.status(/not watching/);
  const trusted = await workbench.paletteRows("Draft: Up");
  assert.ok(trusted.some((row) => row.startsWith("Draft: Up")), String(trusted));
}
