// From the palette: what was detected and why, a name, the editor's own preview of every file, and one undo.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { until } from "../ground.mjs";

const FILES = ["Dockerfile", ".dockerignore", "draft.toml", "chart/Chart.yaml", "chart/values.yaml"];

export default async function create({ ground, folder, open, shot, note }) {
  const app = await folder();
  await ground.example(app);
  const workbench = await open(app);
  await workbench.status(/Draft: create/);
  note(`activated in ${await workbench.activationTime()} ms`);

  await workbench.command("Draft: Create");
  await workbench.quickRow("Flask").waitFor();
  assert.match(await workbench.quickRow("Flask").innerText(), /requirements\.txt/, "the evidence is shown");
  await shot(workbench, "1-detected");
  await workbench.quickRow("Flask").click();
  await workbench.quickInput.getByText("The app's name").waitFor();
  await workbench.quickInput.getByLabel("Back").click();
  await workbench.quickRow("Flask").click();
  await workbench.quickInput.getByText("The app's name").waitFor();
  await workbench.quickInput.locator("input").first().fill("hello-create");
  await shot(workbench, "2-name");
  await workbench.page.keyboard.press("Enter");
  await workbench.quickRow("No").waitFor(); // the pack's own question
  await workbench.quickInput.getByLabel("Back").click();
  await workbench.quickInput.getByText("The app's name").waitFor();
  assert.equal(await workbench.quickInput.locator("input").first().inputValue(), "hello-create", "what was typed is kept");
  await workbench.page.keyboard.press("Enter");
  await workbench.quickRow("No").click();

  const apply = workbench.page.getByRole("button", { name: "Apply" });
  await apply.waitFor();
  await shot(workbench, "3-preview");
  assert.equal(existsSync(path.join(app, "draft.toml")), false, "nothing is written before the person agrees");
  await apply.click();
  await until("files", () => FILES.every((file) => existsSync(path.join(app, file))));
  await workbench.status(/not watching/);
  const written = async () => (await readFile(path.join(app, "draft.toml"), "utf8")).includes('name = "hello-create"');
  await until("saved editors", async () => (await written()) && (await workbench.page.locator(".tab.dirty").count()) === 0);
  await workbench.notification("hello-create is ready to be deployed").waitFor();
  await workbench.tab("draft.toml").waitFor();
  await shot(workbench, "4-created");

  await workbench.undo();
  await until("undone", () => FILES.every((file) => !existsSync(path.join(app, file))));
  assert.equal(existsSync(path.join(app, "app.py")), true, "what the person wrote is still there");
  await workbench.status(/Draft: create/);
  await shot(workbench, "5-undone");
}
