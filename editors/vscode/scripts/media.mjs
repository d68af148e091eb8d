// Cuts the screenshots of the last end-to-end run to the pictures of README and walkthrough, and renders the icon.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";

const here = path.resolve(import.meta.dirname, "..");
const shots = path.resolve(here, "../../test-output/vscode");
const cache = process.env.DRAFT_VSCODE_CACHE ?? path.join(os.homedir(), ".cache/draft-vscode");
const { chromium } = createRequire(path.join(cache, "pw/package.json"))("playwright-core");

// [picture, screenshot, x, y, width, height]
const cuts = [
  ["create", "10-create-1-detected", 340, 28, 604, 390],
  ["preview", "10-create-3-preview", 352, 505, 924, 292],
  ["up", "20-up-3-tooltip", 0, 510, 640, 290],
  ["save", "30-failures-1-build", 352, 28, 924, 772],
  ["view", "20-up-6-side-view", 0, 28, 700, 300],
  ["doctor", "25-doctor-1-page", 352, 28, 924, 560],
];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await browser.newPage();
const picture = async (name, width, height, html, options = {}) => {
  await page.setViewportSize({ width, height });
  await page.setContent(`<style>body{margin:0;overflow:hidden}</style>${html}`);
  await page.screenshot({ path: path.join(here, "media", `${name}.png`), ...options });
  console.log(`media/${name}.png`);
};

await picture("icon", 256, 256, readFileSync(path.join(here, "media/icon.svg"), "utf8"), { omitBackground: true });
for (const [name, shot, x, y, width, height] of cuts) {
  const file = path.join(shots, `${shot}.png`);
  if (!existsSync(file)) {
    console.log(`no ${shot}.png: run the journeys first; media/${name}.png stays as it is`);
    continue;
  }
  const source = `data:image/png;base64,${readFileSync(file).toString("base64")}`;
  await picture(`walkthrough-${name}`, width, height, `<img src="${source}" style="margin:-${y}px 0 0 -${x}px">`);
}
await browser.close();
