// A deploy that takes long is cancelled from its notification; nothing half-made is left.
import assert from "node:assert/strict";
import path from "node:path";
import { replaceInFile, until } from "../ground.mjs";

export default async function cancel({ ground, folder, open, shot }) {
  const app = await ground.app(await folder(), { name: "cancel" });
  await replaceInFile(path.join(app.folder, "Dockerfile"), "COPY requirements.txt ./", "RUN sleep 300\nCOPY requirements.txt ./");
  const workbench = await open(app.folder);
  await workbench.openFile("Dockerfile");
  await workbench.status(/not watching/);
  await workbench.command("Draft: Up");
  await workbench.command("Draft: Show Output");
  await workbench.outputLine("RUN sleep 300").waitFor();
  await shot(workbench, "1-building");
  await workbench.notification("cancel").getByRole("button", { name: "Cancel" }).click();
  await until("an end of the build", async () => !/building|sync|saved/.test(await workbench.itemText()));
  await workbench.notification("cancel").waitFor({ state: "detached" });
  await shot(workbench, "2-cancelled");
  const releases = await ground.run("helm", ["list", "--all", "--short", "--namespace", app.namespace]).then(
    (finished) => finished.stdout,
    () => "",
  );
  assert.equal(releases.trim(), "", "no half-made release");
}
