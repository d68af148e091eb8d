// A server that cannot run: started again with growing pauses, then given up, with a report; a change of the setting
// starts it. The trace setting shows the messages. A cluster that is not on this machine: nothing goes there unasked.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { SERVER, until } from "../ground.mjs";

const ELSEWHERE = `
apiVersion: v1
kind: Config
current-context: production
clusters: [{name: production, cluster: {server: "https://production.invalid:6443"}}]
contexts: [{name: production, context: {cluster: production, user: me}}]
users: [{name: me, user: {token: none}}]
`;

export default async function settings({ ground, folder, open, shot, editor }) {
  const app = await ground.app(await folder(), { name: "settings" });
  const kubeconfig = path.join(app.folder, "../production.yaml");
  await writeFile(kubeconfig, ELSEWHERE);
  await mkdir(path.join(app.folder, ".vscode"));
  const set = (values) => writeFile(path.join(app.folder, ".vscode/settings.json"), JSON.stringify(values));
  await set({ "draft.server.command": ["/bin/false"] });

  const workbench = await open(app.folder);
  await workbench.status(/restarting/);
  await workbench.status(/no server/, 90_000);
  assert.equal(await workbench.page.locator(".notifications-toasts .notification-list-item").count(), 1, "one message is enough");
  await workbench.notification("ended again and again").getByRole("button", { name: "Show Report" }).click();
  await workbench.page.locator(".editor-instance .view-line", { hasText: "before" }).first().waitFor();
  await shot(workbench, "1-given-up");

  await set({ "draft.server.command": ["env", `KUBECONFIG=${kubeconfig}`, SERVER], "draft.trace.server": "messages" });
  await workbench.status(/not watching/);
  await until("traced messages", async () => /Sending request 'draft\/apps/.test(await editor.extensionLogs()));

  await workbench.dismissNotifications();
  await workbench.command("Draft: Up");
  const question = workbench.notification("It is not on this machine");
  await question.waitFor();
  await shot(workbench, "2-not-local");
  await question.getByRole("button", { name: "Cancel" }).click();
  await workbench.status(/failed/);
  await (await workbench.hover()).getByText("was not confirmed").first().waitFor();
}
