// A failing build is shown at its line of the Dockerfile and in the Problems panel; a crash at its line of the code;
// the save that mends it deploys; a file that does not parse is held.
import assert from "node:assert/strict";
import { fetchText, until } from "../ground.mjs";

export default async function failures({ ground, folder, open, shot }) {
  const app = await ground.app(await folder(), { name: "failures" });
  const workbench = await open(app.folder);
  await workbench.openFile("Dockerfile");
  await workbench.status(/not watching/);
  await workbench.command("Draft: Up");
  const url = await workbench.live();

  await workbench.replace("COPY requirements.txt ./", "RUN echo broken && exit 3");
  await workbench.save();
  await workbench.status(/build failed/);
  await workbench.squiggleAt("RUN echo broken");
  const problems = await workbench.problems();
  await problems.filter({ hasText: "Dockerfile" }).first().waitFor();
  await shot(workbench, "1-build");
  assert.match(await fetchText(url), /Hello, World!/, "the old version still answers");
  await workbench.page.keyboard.press("Control+j");

  await workbench.openFile("app.py");
  await workbench.item.click();
  await workbench.page.locator(".tab.active", { hasText: "Dockerfile" }).waitFor();
  await workbench.openFile("app.py");
  await workbench.command("Draft: Show Output");
  await workbench.command("View: Toggle Maximized Panel"); // so that lines which come later push nothing out of sight
  await workbench.outputLink("Dockerfile").click({ modifiers: ["Control"] });
  await workbench.page.locator(".tab.active", { hasText: "Dockerfile" }).waitFor();
  await workbench.page.getByText(/^Ln 10, Col 1/).waitFor();
  await workbench.page.keyboard.press("Control+j");
  await workbench.replace("RUN echo broken && exit 3", "COPY requirements.txt ./");
  await workbench.save();
  await workbench.live();
  await until("no squiggle", async () => (await workbench.squiggles().count()) === 0);

  await workbench.openFile("app.py");
  await workbench.replace("app = Flask(__name__)", "app = Flask(__name__");
  await workbench.save();
  await workbench.status(/held/);
  await shot(workbench, "2-held");
  await workbench.undo();
  await workbench.replace('@app.get("/healthz")', 'raise RuntimeError("boom")');
  await workbench.save();
  await workbench.status(/failed/, 90_000);
  await workbench.squiggleAt("raise RuntimeError");
  await shot(workbench, "3-crash");
  await workbench.undo();
  await workbench.save();
  await workbench.live();
}
