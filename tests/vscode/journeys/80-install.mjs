// A fresh machine: the extension installs the server from its own wheel, and the server answers. Then it is broken, and
// made anew.
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import os from "node:os";
import { until } from "../ground.mjs";

export const alongside = true;
export const limitMs = 480_000;

export default async function install({ ground, environment, startEditor, shot }) {
  // The home folder is a new one; how this machine reaches its package index stays as it is.
  const own = path.join(os.homedir(), ".config/pip/pip.conf");
  const pip = { PIP_CACHE_DIR: path.join(os.homedir(), ".cache/pip"), ...(existsSync(own) ? { PIP_CONFIG_FILE: own } : {}) };
  const { own: editor, openThere } = await startEditor({ environment: { ...environment, ...pip } });
  const app = await editor.folder("install");
  await ground.example(app);
  const workbench = await openThere(app);
  await until("activation", async () => /waiting for a command/.test(await editor.extensionLogs()));
  await workbench.command("Draft: Create");
  await workbench.notification("installing the server").waitFor();
  await shot(workbench, "1-installing");
  await workbench.quickRow("Flask").waitFor({ timeout: 240_000 });
  await shot(workbench, "2-installed");
  await workbench.page.keyboard.press("Escape");

  const storage = path.join(editor.root, "ud/User/globalStorage/draft.draft/server");
  const marker = JSON.parse(await readFile(path.join(storage, "installed.json"), "utf8"));
  const [major, minor] = (await ground.run(marker.python, ["-c", "import sys; print(*sys.version_info[:2])"])).stdout.split(" ");
  const packages = path.join(marker.python, `../../lib/python${major}.${minor.trim()}/site-packages`);
  await writeFile(path.join(packages, "draft_ls/__init__.py"), "raise SystemExit(3)");
  await workbench.command("Draft: Restart Server");
  await workbench.notification("repairing the server").waitFor({ timeout: 60_000 });
  await workbench.status(/Draft: create/, 240_000);
}
