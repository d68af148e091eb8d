// The VS Code workbench as a person uses it. Selectors as of VS Code 1.139.
import { until } from "./ground.mjs";

const ITEM = "draft.draft.draft.status";

export class Workbench {
  constructor(page, target) {
    this.page = page;
    this.target = target;
  }

  async ready(trust) {
    await this.page.locator(".monaco-workbench .part.statusbar").waitFor();
    const dialog = this.page.locator(".monaco-dialog-box");
    await dialog.getByText("Do you trust the authors").waitFor();
    await dialog.getByRole("button", { name: trust ? /^Yes, I trust/ : /^No, I don't trust/ }).click();
    await dialog.waitFor({ state: "detached" });
  }

  /** Leaves the workbench first, so that its extension host ends at once and not after a time of grace. */
  async close() {
    await this.page.goto("about:blank");
    await this.page.close({ runBeforeUnload: false });
  }

  async screenshot(file) {
    await this.page.screenshot({ path: file });
  }

  // Status bar

  get item() {
    return this.page.locator(`.statusbar-item[id="${ITEM}"]`);
  }

  async itemText() {
    return (await this.item.count()) === 0 ? "" : this.item.innerText();
  }

  /** Waits until the status bar item matches; answers its text. */
  async status(pattern, timeoutMs = 30_000) {
    let last = "";
    try {
      return await until(`status ${pattern}`, async () => pattern.test((last = await this.itemText())) && last, timeoutMs);
    } catch (error) {
      throw new Error(`${error.message}; it says ${JSON.stringify(last)}`);
    }
  }

  /** Waits until the app is live; answers its URL. */
  async live(timeoutMs = 90_000) {
    const text = await this.status(/: live · \S+/, timeoutMs);
    return `http://${/· (\S+)/.exec(text)[1]}`;
  }

  /** The rich hover of the status bar item. One that is replaced under a resting pointer shows none: come again. */
  async hover() {
    const hover = this.page.locator(".monaco-hover:visible .hover-contents, .workbench-hover:visible").first();
    return until("the hover of the status bar item", async () => {
      await this.page.mouse.move(1, 1);
      await this.item.hover();
      return hover.waitFor({ timeout: 5000 }).then(() => hover, () => undefined);
    });
  }

  // Palette and quick inputs

  get quickInput() {
    return this.page.locator(".quick-input-widget:visible");
  }

  quickRow(text) {
    return this.quickInput.locator(".quick-input-list .monaco-list-row", { hasText: text }).first();
  }

  async command(title) {
    await this.#ask("F1", `>${title}`, title);
    await this.quickRow(title).click();
  }

  /**
   * Opens a quick input with a text and waits for a row. It now and then answers "No matching results", for a file
   * made or a command enabled a moment ago, and never asks again by itself: it is closed and opened anew.
   */
  async #ask(key, text, row) {
    for (let attempt = 1; ; attempt += 1) {
      await this.page.keyboard.press(key);
      await this.quickInput.locator("input").first().fill(text);
      try {
        await this.quickRow(row).waitFor({ timeout: 4_000 });
        return;
      } catch (error) {
        if (attempt === 6) throw error;
        await this.page.keyboard.press("Escape");
        await this.quickInput.waitFor({ state: "hidden" });
      }
    }
  }

  /** The palette's rows for a text that at least one of them holds. */
  async paletteRows(text) {
    await this.#ask("F1", `>${text}`, text);
    const rows = await this.quickInput.locator(".quick-input-list .monaco-list-row").allInnerTexts();
    await this.page.keyboard.press("Escape");
    await this.quickInput.waitFor({ state: "hidden" });
    return rows.map((row) => row.replaceAll("\n", " ").trim());
  }

  // Files and editors

  async openFile(name) {
    await this.#ask("Control+p", name, name);
    await this.quickRow(name).click();
    await this.tab(name).waitFor();
    await this.page.locator(".monaco-editor .view-line").first().waitFor();
  }

  tab(name) {
    return this.page.locator(`.tab[data-resource-name="${name}"]`).first();
  }

  explorerRow(name) {
    return this.page.locator(".explorer-viewlet .monaco-list-row", { hasText: name }).first();
  }

  /** Opens the context menu of a row in the explorer down to Draft's submenu; answers its entries. */
  async explorerMenu(name) {
    await this.explorerRow(name).click({ button: "right" });
    await this.menuEntry("Draft").hover();
    await this.page.keyboard.press("ArrowRight");
    const entries = this.page.locator(".monaco-submenu .action-item .action-label");
    await entries.first().waitFor();
    return entries.allInnerTexts();
  }

  menuEntry(title) {
    return this.page.locator(".monaco-menu .action-item", { has: this.page.getByText(title, { exact: true }) }).last();
  }

  async closeMenu() {
    await this.page.keyboard.press("Escape");
    await this.page.keyboard.press("Escape");
    await this.page.locator(".monaco-menu").first().waitFor({ state: "detached" });
  }

  /** Replaces a text in the active editor by typing, as a person does: no file is written behind the editor's back. */
  async replace(before, after) {
    await this.focusEditor();
    await this.page.keyboard.press("Control+h");
    const widget = this.page.locator(".find-widget.visible");
    await widget.locator(".find-part textarea").fill(before);
    await widget.locator(".replace-part textarea").fill(after);
    await until("a match", async () => /^1 of|\? of 1|of 1$/.test((await widget.locator(".matchesCount").innerText()).trim()));
    await this.page.keyboard.press("Control+Alt+Enter");
    await this.page.keyboard.press("Escape");
    await widget.waitFor({ state: "hidden" });
    await until("an unsaved editor", async () => (await this.page.locator(".tab.active.dirty").count()) > 0);
  }

  async save() {
    await this.page.keyboard.press("Control+S");
    await this.page.locator(".tab.active.dirty").waitFor({ state: "detached" });
  }

  async undo() {
    await this.focusEditor();
    await this.page.keyboard.press("Control+z");
  }

  /** Wherever it is scrolled to. */
  async focusEditor() {
    await this.page.locator(".editor-instance .overflow-guard").first().click();
  }

  /** An entry of the quick fix menu, which closes by itself when another extension's markers come late. */
  async codeAction(title) {
    const row = this.page.locator(".action-widget .monaco-list-row.action", { hasText: title }).first();
    await until(`the action ${title}`, async () => {
      await this.page.keyboard.press("Escape");
      await this.page.keyboard.press("Control+.");
      return row.waitFor({ timeout: 5_000 }).then(() => true, () => false);
    });
    return row;
  }

  /** The squiggles of the active editor. */
  squiggles(severity = "error") {
    return this.page.locator(`.editor-instance .squiggly-${severity}`);
  }

  /** Waits for a squiggle over the line that starts with a text. */
  async squiggleAt(text) {
    await until(`a squiggle at ${text}`, async () => {
      const line = await this.page.locator(".editor-instance .view-line", { hasText: text.replaceAll(" ", "\u00a0") }).first().boundingBox();
      const marks = await this.squiggles().all();
      const boxes = await Promise.all(marks.map((mark) => mark.boundingBox()));
      return line !== null && boxes.some((box) => box !== null && box.y >= line.y - 2 && box.y <= line.y + line.height + 2);
    });
  }

  /** Waits for a code lens that says a text, in the editor that is shown. */
  async lens(text) {
    await this.page.locator(".editor-instance .codelens-decoration", { hasText: text }).first().waitFor();
  }

  // Panels, dialogs, notifications

  async problems() {
    await this.command("Problems: Focus on Problems View");
    return this.page.locator(".markers-panel .monaco-list-row");
  }

  outputLine(text) {
    return this.page.locator(".output-view .view-line", { hasText: text.replaceAll(" ", "\u00a0") }).first();
  }

  /** A place in the output that can be followed, by the text that it shows. */
  outputLink(text) {
    return this.page.locator(".output-view .detected-link", { hasText: text }).last();
  }

  notification(text) {
    return this.page.locator(".notifications-toasts .notification-list-item", { hasText: text }).first();
  }

  async dismissNotifications() {
    await this.command("Notifications: Clear All Notifications");
  }

  dialog(text) {
    return this.page.locator(".monaco-dialog-box", { hasText: text });
  }

  async openSideView() {
    await this.page.locator('.activitybar [aria-label="Draft"]').first().click();
    await this.treeRow("").waitFor();
  }

  treeRow(text) {
    return this.page.locator(".tree-explorer-viewlet-tree-view .monaco-list-row", { hasText: text }).first();
  }

  /** Clicks an action that a row of the side view shows when pointed at. */
  async treeAction(text, title) {
    await this.treeRow(text).hover();
    await this.treeRow(text).locator(`.action-label[aria-label^="${title}"]`).click();
  }

  /** Milliseconds that the extension kept the extension host busy when it was activated. */
  async activationTime() {
    await this.command("Developer: Show Running Extensions");
    const list = this.page.locator(".runtime-extensions-editor .monaco-list").first();
    const row = list.locator(".monaco-list-row", { hasText: "Draft" }).first();
    await list.hover();
    await until("the extension among the running ones", async () => {
      if ((await row.count()) > 0) return true;
      await this.page.mouse.wheel(0, 300);
      return false;
    });
    const text = await row.locator(".activation-time").innerText();
    await this.page.keyboard.press("Control+w");
    return Number(/(\d+)\s*ms/.exec(text)?.[1]);
  }
}
