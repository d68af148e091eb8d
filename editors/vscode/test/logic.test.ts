import assert from "node:assert/strict";
import { test } from "node:test";
import * as vscode from "vscode";
import { coalesced } from "../src/coalesce";
import {
  answerProblem,
  choicesOf,
  defaultAnswer,
  nameProblem,
  packChoices,
  suggestedName,
} from "../src/commands/createChoices";
import { BACK, runSteps } from "../src/commands/wizard";
import { reasonsToHold } from "../src/saveGate";
import { appOf, focusedApp, selectedEnvironment } from "../src/selection";
import { Store } from "../src/store";
import { LoudProgress } from "../src/view/progress";
import { app, APP, detection, LIVE, status } from "./samples";

interface MockState {
  progress: { options: { location: number }; reports: object[]; ended: boolean; cancel(): void }[];
}
const mock = (vscode as unknown as { __state: MockState }).__state;

const NESTED = app({ app: `${APP}/web`, name: "web" });
const OTHER = app({ app: "file:///home/me/hello-two", name: "two" });

test("a file belongs to the deepest app around it, not to one with a similar name", () => {
  const apps = [app(), NESTED, OTHER];
  assert.equal(appOf(`${APP}/web/index.js`, apps)?.name, "web");
  assert.equal(appOf(`${APP}/app.py`, apps)?.name, "hello");
  assert.equal(appOf("file:///home/me/hello-two/app.py", apps)?.name, "two");
  assert.equal(appOf("file:///home/me/other.py", apps), undefined);
});

test("focus: the active editor, the last choice, what runs, the first", () => {
  const live = app({ app: "file:///home/me/live", name: "live" }, LIVE);
  const apps = [OTHER, live, app()];
  const focus = (activeUri?: string, chosen?: string) => focusedApp(apps, { activeUri, chosen })?.name;
  assert.equal(focus(`${APP}/app.py`, OTHER.app), "hello");
  assert.equal(focus("file:///elsewhere", OTHER.app), "two");
  assert.equal(focus(), "live");
  assert.equal(focusedApp([], { activeUri: undefined, chosen: undefined }), undefined);
});

test("the selected environment, else the first", () => {
  const both = app({}, status(), status({ environment: "staging" }));
  assert.equal(selectedEnvironment(both)?.environment, "development");
  assert.equal(selectedEnvironment(app({ environments: [] })), undefined);
});

const memento = { get: () => undefined, update: () => Promise.resolve(), keys: () => [] } as unknown as vscode.Memento;

test("the store follows each environment's status, however the URI is encoded", () => {
  const store = new Store(memento);
  const told: string[] = [];
  store.onDidChangeStatus((one) => told.push(one.state));
  const spaced = "file:///home/me/my%20app";
  store.replaceApps([app({ app: spaced }, status({ app: spaced }))], []);
  store.replaceStatus(status({ app: "file:///home/me/my app", state: "building" }));
  assert.equal(store.status({ app: spaced })?.state, "building");
  assert.deepEqual(told, ["building"]);
  store.replaceStatus(status({ app: "file:///gone", state: "live" }));
  assert.equal(store.apps.length, 1);
});

test("the store follows the selected environment", () => {
  const store = new Store(memento);
  store.replaceApps([app({}, LIVE, status({ environment: "staging" }))], []);
  store.selectEnvironment(APP, "staging");
  assert.equal(store.focusedStatus?.environment, "staging");
});

test("a folder inside an app is not offered as a new one", () => {
  const store = new Store(memento);
  store.replaceApps([app()], [detection({ app: `${APP}/sub` }), detection({ app: "file:///home/me/new" })]);
  assert.deepEqual(store.detections.map((one) => one.app), ["file:///home/me/new"]);
});

test("only errors of others hold a save", () => {
  const error = (changes: object) => ({
    message: "invalid syntax\nmore",
    severity: vscode.DiagnosticSeverity.Error,
    source: "Pylance",
    range: { start: { line: 2 } },
    ...changes,
  });
  assert.deepEqual(reasonsToHold([error({})]), ["line 3: invalid syntax (Pylance)"]);
  assert.deepEqual(reasonsToHold([error({ source: "draft" })]), []);
  assert.deepEqual(reasonsToHold([error({ severity: vscode.DiagnosticSeverity.Warning })]), []);
  assert.equal(reasonsToHold(Array.from({ length: 9 }, () => error({}))).length, 5);
});

test("Create shows what it detected and why, then the other packs", () => {
  const { detected, others } = packChoices(
    APP,
    [detection()],
    [
      { name: "python", title: "Python", summary: "" },
      { name: "go", title: "Go", summary: "Go apps" },
    ],
  );
  assert.equal(detected[0]?.label, "Flask");
  assert.equal(detected[0].description, "python 3.11 · pip · port 8080 · 93% sure");
  assert.equal(detected[0].detail, "requirements.txt:3 flask");
  assert.deepEqual(others.map((other) => other.pack), ["go"]);
});

test("names are suggested as the server would make them", () => {
  assert.equal(suggestedName("file:///x/Mein%20B%C3%BCro_App"), "mein-buro-app");
  assert.equal(suggestedName("file:///x/2048/"), "app-2048");
  assert.equal(suggestedName("file:///x/___"), "app");
  assert.equal(nameProblem(suggestedName(`file:///x/${"a".repeat(80)}-`)), undefined);
  assert.notEqual(nameProblem("Hello"), undefined);
  assert.notEqual(nameProblem("a".repeat(54)), undefined);
  assert.notEqual(nameProblem("-a"), undefined);
});

test("questions can be gone back over, with what was answered, and left", async () => {
  type Draft = Readonly<Record<string, string>>;
  const answers: (string | typeof BACK)[] = ["flask", "hello", BACK, BACK, "flask", "other", "8080"];
  const asked: [string, string | undefined][] = [];
  const step = (name: string) => (draft: Draft) => {
    asked.push([name, draft[name]]);
    const answer = answers.shift();
    return Promise.resolve(answer === BACK || answer === undefined ? answer : { ...draft, [name]: answer });
  };
  const steps = [step("pack"), step("name"), step("port")];
  assert.deepEqual(await runSteps<Draft>({}, () => steps), { pack: "flask", name: "other", port: "8080" });
  assert.deepEqual(asked, [
    ["pack", undefined],
    ["name", undefined],
    ["port", undefined],
    ["name", "hello"],
    ["pack", "flask"],
    ["name", "hello"],
    ["port", undefined],
  ]);
  assert.equal(await runSteps<Draft>({}, () => steps), undefined);
});

test("which questions there are depends on the answers", async () => {
  const more = (draft: number) => (draft === 0 ? [1] : [1, 2]).map((step) => (before: number) => Promise.resolve(before + step));
  assert.equal(await runSteps(0, more), 3);
});

test("many calls during a run lead to one more run", async () => {
  let runs = 0;
  const run = coalesced(async () => {
    runs += 1;
    await new Promise(setImmediate);
  });
  await Promise.all([run(), run(), run()]);
  assert.equal(runs, 2);
  await run();
  assert.equal(runs, 3);
});

test("a failed run does not stop the next", async () => {
  let runs = 0;
  const run = coalesced(() => {
    runs += 1;
    return runs === 1 ? Promise.reject(new Error("once")) : Promise.resolve();
  });
  await assert.rejects(run(), /once/);
  await run();
  assert.equal(runs, 2);
});

test("a pack's questions have their choices and defaults", () => {
  const variable = { name: "x", prompt: "X?", type: "boolean" as const, default: true };
  assert.deepEqual(choicesOf(variable).map((choice) => choice.answer), ["true", "false"]);
  assert.equal(defaultAnswer(variable), "true");
  assert.equal(defaultAnswer({ ...variable, type: "list", default: ["a", "b"] }), "a, b");
  assert.equal(defaultAnswer({ ...variable, type: "string", default: undefined }), "");
  assert.equal(answerProblem({ ...variable, type: "integer" }, "80"), undefined);
  assert.notEqual(answerProblem({ ...variable, type: "integer" }, "eighty"), undefined);
});

test("the progress a person waits for is a notification; others stay quiet", async () => {
  const cancelled: unknown[] = [];
  const client = { sendNotification: (_: unknown, params: unknown) => Promise.resolve(cancelled.push(params)) };
  const progress = new LoudProgress(() => client as never);
  const quiet: string[] = [];
  const next = (_: unknown, value: { kind: string }) => void quiet.push(value.kind);
  progress.expectOne();
  progress.handle("a", { kind: "begin", title: "Deploying", cancellable: true }, next);
  progress.handle("b", { kind: "begin", title: "Redeploying" }, next);
  progress.handle("a", { kind: "report", message: "building" }, next);
  const shown = mock.progress.at(-1);
  assert.equal(shown?.options.location, vscode.ProgressLocation.Notification);
  assert.deepEqual(shown.reports.at(-1), { message: "building", increment: undefined });
  shown.cancel();
  assert.deepEqual(cancelled, [{ token: "a" }]);
  progress.handle("a", { kind: "end" }, next);
  await new Promise(setImmediate);
  assert.equal(shown.ended, true);
  assert.deepEqual(quiet, ["begin"]);
});

test("a server that is gone leaves no progress behind", async () => {
  const progress = new LoudProgress(() => undefined);
  progress.expectOne();
  progress.handle("a", { kind: "begin", title: "Deploying" }, () => assert.fail());
  progress.endAll();
  await new Promise(setImmediate);
  assert.equal(mock.progress.at(-1)?.ended, true);
});
