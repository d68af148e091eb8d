// A newer pack: its changes are merged into the app's files, after showing them; the person's own lines stay.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { replaceInFile, until } from "../ground.mjs";

export default async function update({ ground, folder, open, shot }) {
  const app = await ground.app(await folder(), { name: "update" });
  const dockerfile = path.join(app.folder, "Dockerfile");
  const now = await readFile(dockerfile, "utf8");
  // As if an older pack had written another port line, and the person a line of their own.
  const record = path.join(app.folder, ".draft/origin.json");
  const origin = JSON.parse(await readFile(record, "utf8"));
  origin.files.Dockerfile = now.replace("WORKDIR /app", "WORKDIR /srv");
  await writeFile(record, JSON.stringify(origin));
  await writeFile(dockerfile, `# mine\n${origin.files.Dockerfile}`);

  const workbench = await open(app.folder);
  await workbench.openFile("Dockerfile");
  await workbench.status(/not watching/);
  await workbench.command("Draft: Update Scaffold");
  const apply = workbench.page.getByRole("button", { name: "Apply" });
  await apply.waitFor();
  await shot(workbench, "1-preview");
  assert.match(await readFile(dockerfile, "utf8"), /srv/, "nothing is written before the person agrees");
  await apply.click();
  await workbench.notification("update is up to date with the pack python").waitFor();
  await until("the merged file", async () => (await readFile(dockerfile, "utf8")) === `# mine\n${now}`);

  await workbench.command("Draft: Update Scaffold");
  await workbench.notification("Nothing has changed in the pack python").waitFor();
  await replaceInFile(record, "WORKDIR /app", "WORKDIR /srv");
  await replaceInFile(dockerfile, "WORKDIR /app", "WORKDIR /mine");
  await workbench.command("Draft: Update Scaffold");
  await apply.click();
  await workbench.notification("changed the same lines of Dockerfile").getByRole("button", { name: "Show Problem" }).click();
  await workbench.page.locator(".editor-instance .view-line", { hasText: "<<<<<<<" }).waitFor();
  await shot(workbench, "2-conflict");
}
