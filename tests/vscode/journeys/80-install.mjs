// A fresh machine: the extension installs the server from its own wheel, and the server answers.
import { existsSync } from "node:fs";
import path from "node:path";
import os from "node:os";
import { until } from "../ground.mjs";
import { Editor } from "../harness.mjs";

export default async function install({ ground, vsix, environment, shot }) {
  const cache = path.join(os.homedir(), ".cache/pip");
  const editor = await Editor.start({ vsix, environment: { ...environment, PIP_CACHE_DIR: cache } });
  try {
    const app = await editor.folder("install");
    await ground.example(app);
    const workbench = await editor.open(app);
    await until("activation", async () => /waiting for a command/.test(await editor.extensionLogs()));
    await workbench.command("Draft: Create");
    await workbench.notification("installing the server").waitFor();
    await shot(workbench, "1-installing");
    await workbench.quickRow("Flask").waitFor({ timeout: 100_000 });
    await shot(workbench, "2-installed");
    const marker = path.join(editor.root, "ud/User/globalStorage/draft.draft/server/installed.json");
    if (!existsSync(marker)) throw new Error(`no ${marker}`);
  } catch (error) {
    console.error(await editor.extensionLogs());
    throw error;
  } finally {
    await editor.stop();
  }
}
