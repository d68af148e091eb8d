// The doctor's page, the plan of the next save, and the Simple Browser: it opens when the app is live, and follows it.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { until } from "../ground.mjs";

export default async function doctor({ ground, folder, open, shot }) {
  const app = await ground.app(await folder(), { name: "doctor" });
  await mkdir(path.join(app.folder, ".vscode"));
  const settings = { "draft.openOnLive": true, "draft.openIn": "simpleBrowser" };
  await writeFile(path.join(app.folder, ".vscode/settings.json"), JSON.stringify(settings));
  const workbench = await open(app.folder);
  await workbench.openFile("app.py");
  await workbench.status(/not watching/);
  await workbench.command("Draft: Doctor");
  const page = workbench.page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
  await page.getByText("Draft: Doctor").first().waitFor();
  await page.getByText("Docker", { exact: false }).first().waitFor();
  await shot(workbench, "1-page");
  await workbench.page.keyboard.press("Control+w");

  await workbench.command("Draft: Preview Next Save");
  await workbench.notification("Next save: build an image").waitFor();
  await shot(workbench, "2-plan");
  await workbench.notification("Next save").getByRole("button", { name: "Deploy Now" }).click();
  await workbench.live();

  const browser = workbench.page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame").frameLocator("iframe");
  await browser.getByText("Hello, World!").waitFor();
  await workbench.replace("Hello, World!", "Hello, Preview!");
  await workbench.save();
  await browser.getByText("Hello, Preview!").waitFor({ timeout: 60_000 });
  await until("live", async () => /live/.test(await workbench.itemText()));
  await shot(workbench, "3-simple-browser");
}
