// Up: the notification, the URL in the status bar, the page; an edit and a save: the new text; then the side view,
// the history and the way back.
import assert from "node:assert/strict";
import { fetchText, until } from "../ground.mjs";

export default async function up({ ground, folder, open, shot }) {
  const app = await ground.app(await folder(), { name: "up" });
  const workbench = await open(app.folder);
  await workbench.openFile("app.py");
  await workbench.status(/not watching/);

  await workbench.command("Draft: Up");
  await workbench.notification("up").getByRole("button", { name: "Cancel" }).waitFor();
  await shot(workbench, "1-deploying");
  const url = await workbench.live();
  assert.match(await fetchText(url), /Hello, World!/);
  await workbench.lens("● Live");
  await shot(workbench, "2-live");

  const hover = await workbench.hover();
  await hover.getByText(app.namespace).waitFor();
  await shot(workbench, "3-tooltip");
  await workbench.page.mouse.move(640, 300);

  await workbench.replace("Hello, World!", "Hello, Draft!");
  await workbench.lens("○ Edited · next save: sync 1 file");
  await shot(workbench, "4-edited");
  await workbench.save();
  await until("the new text", async () => /Hello, Draft!/.test(await fetchText(url)), 60_000);
  await workbench.live();
  await workbench.lens("● Live");
  await shot(workbench, "4-redeployed");

  await workbench.command("Draft: Show Output");
  await workbench.outputLine("live: Live at").waitFor();
  await shot(workbench, "5-output");
  await workbench.page.keyboard.press("Control+j");

  await workbench.openFile("Dockerfile");
  await workbench.replace("--access-logfile=-", "--access-logfile=/dev/stdout");
  await workbench.save();
  await workbench.status(/building/);
  await workbench.live();

  await workbench.openSideView();
  await workbench.treeRow(url.replace("http://", "")).waitFor();
  await workbench.treeRow("1 of 1 ready").waitFor({ timeout: 90_000 }); // the old pod takes its time to go
  await workbench.treeRow("Deployments").click();
  await workbench.treeRow("#2 Dockerfile").waitFor();
  await shot(workbench, "6-side-view");

  await workbench.command("Draft: Roll Back…");
  await workbench.quickRow("#1 up").waitFor();
  assert.equal(await workbench.quickInput.locator(".quick-input-list .monaco-list-row").count(), 1, "a sync is no revision");
  await shot(workbench, "7-history");
  await workbench.page.keyboard.press("Escape");
  await workbench.treeAction("#1 up", "Roll Back");
  await workbench.dialog("Go back to revision 1").getByRole("button", { name: "Go Back" }).click();
  await until("the old text", async () => /Hello, World!/.test(await fetchText(url)), 60_000);
  await workbench.status(/saved, not live/);
  await shot(workbench, "8-rolled-back");

  await workbench.command("Draft: Stop");
  await workbench.status(/not watching/);
}
