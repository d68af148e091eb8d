// A fresh machine: the extension installs the server from its own wheel, and the server answers.
import { existsSync } from "node:fs";
import path from "node:path";
import os from "node:os";
import { until } from "../ground.mjs";
import { Editor } from "../harness.mjs";

export const alongside = true;
export const limitMs = 300_000;

export default async function install({ ground, vsix, environment, shot }) {
  // The home folder is a new one; how this machine reaches its package index stays as it is.
  const own = path.join(os.homedir(), ".config/pip/pip.conf");
  const pip = { PIP_CACHE_DIR: path.join(os.homedir(), ".cache/pip"), ...(existsSync(own) ? { PIP_CONFIG_FILE: own } : {}) };
  const editor = await Editor.start({ vsix, environment: { ...environment, ...pip } });
  try {
    const app = await editor.folder("install");
    await ground.example(app);
    const workbench = await editor.open(app);
    await until("activation", async () => /waiting for a command/.test(await editor.extensionLogs()));
    await workbench.command("Draft: Create");
    await workbench.notification("installing the server").waitFor();
    await shot(workbench, "1-installing");
    await workbench.quickRow("Flask").waitFor({ timeout: 240_000 });
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
