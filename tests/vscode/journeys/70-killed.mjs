// The server dies: the item says so, another one starts by itself, and the app can be deployed again.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { fetchText, until } from "../ground.mjs";

export default async function killed({ ground, folder, open, shot, editor }) {
  const app = await ground.app(await folder(), { name: "killed" });
  const others = new Set(await serversOf(editor.root));
  const server = async () => (await serversOf(editor.root)).find((pid) => !others.has(pid));
  const workbench = await open(app.folder);
  await workbench.openFile("app.py");
  await workbench.status(/not watching/);
  await workbench.command("Draft: Up");
  await workbench.live();

  const first = await server();
  process.kill(first, "SIGKILL");
  await workbench.status(/not watching/);
  const second = await server();
  assert.notEqual(second, first);
  await workbench.command("Draft: Up");
  const url = await workbench.live();
  assert.match(await fetchText(url), /Hello, World!/);

  await workbench.command("Draft: Show Server Report");
  await workbench.page.locator(".editor-instance .view-line", { hasText: "SIGKILL" }).waitFor();
  await workbench.notification("can be pasted").getByRole("button", { name: "Copy" }).click();
  await shot(workbench, "1-report");

  await workbench.command("Draft: Restart Server");
  await until("another server", async () => ![undefined, second].includes(await server()));
  await workbench.status(/not watching/);
}

/** The language servers that this editor started: by their command line and their home folder. */
async function serversOf(root) {
  const found = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const read = (file) => readFile(`/proc/${name}/${file}`, "latin1").catch(() => "");
    if (!(await read("cmdline")).includes("draft-ls")) continue;
    if ((await read("environ")).includes(root)) found.push(Number(name));
  }
  return found;
}
