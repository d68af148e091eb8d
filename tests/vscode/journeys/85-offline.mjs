// No network, and a display in Chinese: the server of the Python environment that is selected in the Python extension
// is used, as the extension's own cannot be installed.
import assert from "node:assert/strict";
import path from "node:path";
import { REPOSITORY } from "../ground.mjs";
import { packageStandIn } from "../harness.mjs";

export const alongside = true;

export default async function offline({ ground, environment, folder, startEditor, shot }) {
  const beside = [await packageStandIn("python", await folder())];
  const nowhere = { PIP_CONFIG_FILE: "/dev/null", PIP_NO_INDEX: "1" };
  const selected = path.join(REPOSITORY, ".venv/bin/python");
  const { own: editor, openThere } = await startEditor({
    beside,
    language: "zh-cn",
    environment: { ...environment, ...nowhere, DRAFT_TEST_PYTHON: selected },
  });
  const app = await ground.app(await editor.folder("offline"), { name: "offline" });
  const workbench = await openThere(app.folder);
  await workbench.status(/Draft: 未监视/, 90_000);
  const log = await editor.extensionLogs();
  assert.ok(log.includes(`Python: ${selected}`), `another Python was chosen:\n${log}`);
  assert.match(log, /The installed server is used instead: \S+\/python -P -m draft_ls/);
  await workbench.item.click();
  await workbench.quickRow("预览下一次保存").waitFor();
  await shot(workbench, "1-chinese");
}
