// From the palette: what was detected and why, a name, the editor's own preview of every file, and one undo.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { until } from "../ground.mjs";

const FILES = ["Dockerfile", ".dockerignore", "draft.toml", "chart/Chart.yaml", "chart/values.yaml"];

export default async function create({ ground, folder, open, shot }) {
  const app = await folder();
  await ground.example(app);
  const workbench = await open(app);
  await workbench.status(/Draft: create/);

  await workbench.command("Draft: Create");
  await workbench.quickRow("Flask").waitFor();
  assert.match(await workbench.quickRow("Flask").innerText(), /requirements\.txt/, "the evidence is shown");
  await shot(workbench, "1-detected");
  await workbench.quickRow("Flask").click();
  await workbench.quickInput.getByText("The app's name").waitFor();
  await workbench.quickInput.getByLabel("Back").click();
  await workbench.quickRow("Flask").click();
  await workbench.quickInput.locator("input").first().fill("hello-create");
  await shot(workbench, "2-name");
  await workbench.page.keyboard.press("Enter");

  const preview = workbench.page.locator(".refactor-preview, [id='refactorPreview']").first();
  await workbench.page.getByRole("button", { name: "Apply" }).waitFor();
  await shot(workbench, "3-preview");
  assert.equal(existsSync(path.join(app, "draft.toml")), false, "nothing is written before the person agrees");
  void preview;
  await workbench.page.getByRole("button", { name: "Apply" }).click();
  await until("files", () => FILES.every((file) => existsSync(path.join(app, file))));
  await until("saved content", async () =>
    /name = "hello-create"/.test(await readFile(path.join(app, "draft.toml"), "utf8")),
  );
  await workbench.status(/not watching/);
  await shot(workbench, "4-created");

  await workbench.page.locator(".explorer-viewlet .monaco-list").first().click();
  await workbench.page.keyboard.press("Control+Z");
  await rm(path.join(app, "nothing"), { force: true });
}
