import assert from "node:assert/strict";
import { test } from "node:test";
import { contextKeys } from "../src/contextKeys";
import type { ServerState } from "../src/server/languageServer";
import { doctorPage } from "../src/view/doctorText";
import { deploymentIcon, deploymentLabel, listed } from "../src/view/deployments";
import { buildLine, levelOf, plain, problemText } from "../src/view/logText";
import { commandLink, escaped } from "../src/view/markdown";
import { isStale, renderStatus, TOOLTIP_COMMANDS, type StatusInput } from "../src/view/statusText";
import { buildTree, type TreeNode } from "../src/view/treeModel";
import { localTime, shortUrl } from "../src/view/words";
import { app, APP, deployment, detection, LIVE, status } from "./samples";

const RUNNING: ServerState = { kind: "running", version: "0.1.0" };

const render = (changes: Partial<StatusInput>) =>
  renderStatus({
    server: RUNNING,
    status: undefined,
    several: false,
    detected: undefined,
    trusted: true,
    ...changes,
  });

test("nothing to say, nothing to see", () => {
  assert.equal(render({}), undefined);
  assert.equal(render({ server: { kind: "stopped" } }), undefined);
});

test("live shows the address, and a click opens it", () => {
  const item = render({ status: LIVE });
  assert.equal(item?.text, "$(pass-filled) Draft: live · localhost:49591");
  assert.equal(item.command, "draft.open");
  assert.equal(item.severity, "normal");
});

test("what runs but is not what is saved is not called live", () => {
  const stale = { ...LIVE, contentDigest: "bb" };
  assert.equal(isStale(stale), true);
  assert.match(render({ status: stale })?.text ?? "", /saved, not live · localhost:49591/);
});

test("a redeploy keeps the address in sight", () => {
  const item = render({ status: { ...LIVE, state: "building" } });
  assert.equal(item?.text, "$(sync~spin) Draft: building · localhost:49591");
});

test("a failure names its stage and is marked as more than a colour", () => {
  const failed = status({
    state: "failed",
    problems: [{ code: "build-failed", message: "Step 4 failed", severity: "error", stage: "build", fix: "Mend it" }],
  });
  const item = render({ status: failed });
  assert.equal(item?.text, "$(error) Draft: build failed");
  assert.equal(item.severity, "error");
  assert.equal(item.command, "draft.showProblem");
  assert.match(item.tooltip, /Step 4 failed/);
  assert.match(item.tooltip, /Mend it/);
});

test("a failure is told once, with a cause that is short", () => {
  const problem = { code: "app-ended", message: "The app ended", severity: "error", cause: "RuntimeError: boom" };
  const tooltip = (cause: string) =>
    render({ status: status({ state: "failed", message: problem.message, problems: [{ ...problem, cause }] }) })?.tooltip ?? "";
  assert.equal(tooltip(problem.cause).split("The app ended").length, 2);
  assert.match(tooltip(problem.cause), /RuntimeError: boom/);
  assert.ok(!tooltip("x".repeat(1000)).includes("xxx"));
});

test("a held save warns and can be deployed anyway", () => {
  const item = render({ status: status({ state: "held" }) });
  assert.equal(item?.severity, "warning");
  assert.match(item.tooltip, /command:draft\.deployAnyway/);
});

test("several apps: the item says which one", () => {
  assert.match(render({ status: LIVE, several: true })?.text ?? "", /hello: live/);
});

test("the tooltip holds the facts and only allowed commands", () => {
  const tooltip = render({ status: LIVE })?.tooltip ?? "";
  for (const fact of ["kind-kind", "127.0.0.1:5000/hello:5a3c633ae76c", "revision 7", "13 s (build 0.4 s · rollout 12 s)"]) {
    assert.ok(tooltip.includes(fact), `${fact} in ${tooltip}`);
  }
  for (const [, command] of tooltip.matchAll(/command:([\w.]+)/g)) {
    assert.ok((TOOLTIP_COMMANDS as readonly string[]).includes(command ?? ""), command);
  }
});

test("text from elsewhere cannot make links", () => {
  const tooltip = render({ status: status({ message: "[x](command:evil) `y`" }) })?.tooltip ?? "";
  assert.ok(!tooltip.includes("[x](command:evil)"));
  assert.equal(escaped("a|b\nc"), "a\\|b c");
});

test("command links carry their argument", () => {
  const link = commandLink("Up", "draft.up", { app: APP });
  const query = /command:draft\.up\?([^ )]*)/.exec(link)?.[1] ?? "";
  assert.deepEqual(JSON.parse(decodeURIComponent(query)), [{ app: APP }]);
});

test("a folder that could become an app is offered quietly", () => {
  assert.equal(render({ detected: "flask" })?.command, "draft.create");
});

test("a restricted workspace says so instead of a state", () => {
  assert.match(render({ status: LIVE, trusted: false })?.text ?? "", /restricted/);
});

test("an app whose draft.toml cannot be used points there", () => {
  const item = render({ app: "hello" });
  assert.equal(item?.command, "draft.showProblem");
  assert.match(render({ app: "hello", trusted: false })?.text ?? "", /restricted/);
});

test("a missing server offers a restart", () => {
  const item = render({ server: { kind: "failed", message: "no Python" } });
  assert.equal(item?.command, "draft.restartServer");
  assert.match(item.tooltip, /no Python/);
});

test("addresses are short, and https stays visible", () => {
  assert.equal(shortUrl("http://localhost:1/"), "localhost:1");
  assert.equal(shortUrl("https://hello.example/"), "https://hello.example");
});

function find(nodes: readonly TreeNode[], context: RegExp): TreeNode | undefined {
  for (const node of nodes) {
    const found = context.test(node.context) ? node : find(node.children, context);
    if (found !== undefined) return found;
  }
  return undefined;
}

test("the tree: app, environment, address, release, image, deployments", () => {
  const history = [deployment({ revision: 7 }), deployment({ files: ["a.py", "b.py"] }), deployment({ outcome: "failed", revision: undefined })];
  const tree = buildTree([app({ detection: detection() }, LIVE)], [], () => history);
  assert.equal(tree[0]?.description, "flask 3.11");
  assert.equal(find(tree, /^environment/)?.context, "environment;selected;resting;watching;reachable");
  assert.equal(find(tree, /^route$/)?.label, "localhost:49591");
  assert.match(find(tree, /^release$/)?.description ?? "", /revision 7 · kind-kind \/ default/);
  assert.equal(find(tree, /^image$/)?.label, "5a3c633ae76c");
  const deployments = find(tree, /^history$/)?.children ?? [];
  assert.deepEqual(
    deployments.map((node) => [node.label, node.context]),
    [
      ["#7 app.py", "deployment"],
      ["#6 a.py and 1 more", "deployment;earlier"],
      ["app.py", "deployment"],
    ],
  );
});

test("only what made a revision can be gone back to; syncs into it cannot", () => {
  const history = [
    deployment({ revision: 2, files: ["b.py"] }),
    deployment({ revision: 2, files: ["Dockerfile"] }),
    deployment({ revision: 1, files: ["a.py"] }),
    deployment({ outcome: "failed", revision: 1 }),
    deployment({ revision: 1, files: [], cause: "up" }),
  ];
  assert.deepEqual(
    listed(history, 2).map((one) => [deploymentLabel(one.deployment), deploymentIcon(one), one.earlier]),
    [
      ["#2 b.py", "pass-filled", false],
      ["#2 Dockerfile", "pass", true],
      ["#1 a.py", "pass", false],
      ["#1 app.py", "error", false],
      ["#1 up", "pass", true],
    ],
  );
  assert.ok(listed(history, undefined).every((one) => !one.current), "what runs is not known yet");
});

test("pods say how they are, why, and how often they were started again", () => {
  const pods = [
    { name: "hello-7f-a", phase: "Running", restarts: 2, reason: "CrashLoopBackOff" },
    { name: "hello-6c-b", phase: "Running", ready: true, restarts: 1, reason: "OOMKilled" },
    { name: "hello-6c-c", phase: "Terminating" },
    { name: "hello-6c-d", phase: "Pending", reason: "ContainerCreating" },
    { name: "hello-job", phase: "Succeeded" },
  ];
  const node = find(buildTree([app({}, { ...LIVE, pods })], [], () => undefined), /^pods$/);
  assert.equal(node?.description, "1 of 5 ready");
  assert.deepEqual(
    node.children.map((pod) => [pod.label, pod.description, pod.icon]),
    [
      ["hello-7f-a", "Running · 2 restarts · CrashLoopBackOff", "error"],
      ["hello-6c-b", "ready · 1 restart · OOMKilled", "pass-filled"],
      ["hello-6c-c", "Terminating", "circle-slash"],
      ["hello-6c-d", "Pending · ContainerCreating", "circle-large-outline"],
      ["hello-job", "Succeeded", "pass"],
    ],
  );
  assert.equal(find(buildTree([app({}, LIVE)], [], () => undefined), /^pods$/), undefined, "nobody looks at them");
});

test("a moment of today is a time, an earlier one has its date", () => {
  const now = new Date(2026, 4, 3, 12);
  assert.match(localTime(new Date(2026, 4, 3, 9, 5, 7).toISOString(), now), /^9:05:07/);
  assert.match(localTime(new Date(2026, 4, 2, 9, 5, 7).toISOString(), now), /May 2, 2026.* 9:05/);
});

test("tree ids are unique, also with equal deployments", () => {
  const ids: string[] = [];
  const collect = (nodes: readonly TreeNode[]) =>
    nodes.forEach((node) => {
      ids.push(node.id);
      collect(node.children);
    });
  const statuses = [LIVE, status({ environment: "staging" })];
  collect(buildTree([app({}, ...statuses)], [detection({ app: `${APP}2` })], () => [deployment(), deployment()]));
  assert.equal(new Set(ids).size, ids.length);
});

test("a detected folder is one click from Create", () => {
  const [node] = buildTree([], [detection()], () => undefined);
  assert.equal(node?.command?.command, "draft.create");
  assert.deepEqual(node.command.arguments, [{ app: APP }]);
});

test("terminal output becomes text", () => {
  assert.equal(plain("\u001b[31mred\u001b[0m"), "red");
  assert.equal(plain("10%\r100%\r\n"), "100%");
  assert.equal(plain("\u001b]8;;http://x\u0007link\u001b]8;;\u0007"), "link");
});

test("levels come from what a line says, not from its stream", () => {
  assert.equal(levelOf("ERROR: no matching version"), "error");
  assert.equal(levelOf("npm WARN deprecated"), "warn");
  assert.equal(levelOf("Step 1/8 : FROM python"), "info");
});

test("blank lines are left out", () => {
  assert.equal(buildLine("hello", { stream: "stdout", text: " \n", stage: "build" }), undefined);
  assert.deepEqual(buildLine("hello", { stream: "stdout", text: "Step 1\n", stage: "build" }), {
    level: "info",
    text: "[hello build] Step 1",
  });
});

test("a problem starts with a place that can be clicked", () => {
  const text = problemText(
    {
      code: "x",
      message: "RUN failed",
      severity: "error",
      range: { start: { line: 4, character: 2 }, end: { line: 4, character: 3 } },
      details: ["\u001b[1mboom"],
      fix: "mend it",
    },
    "/home/me/hello/Dockerfile",
  );
  assert.equal(text, "/home/me/hello/Dockerfile:5:3 RUN failed\n  | boom\n  fix: mend it");
});

test("the doctor says first whether all is well", () => {
  const well = doctorPage([{ name: "Docker", ok: true, seen: "20.10" }]);
  assert.match(well, /Everything that a deploy needs is there/);
  const page = doctorPage([
    { name: "Docker", ok: true, seen: "20.10" },
    { name: "Helm", ok: false, seen: "not found", fix: "Install it" },
  ]);
  assert.match(page, /1 of 2 checks/);
  assert.match(page, /✗ \| \*\*Helm\*\* \| not found<br>\*\*→\*\* Install it/);
});

test("context keys follow the statuses", () => {
  const keys = contextKeys([app({}, LIVE)], false);
  assert.equal(keys["draft.reachable"], true);
  assert.equal(keys["draft.working"], false);
  assert.deepEqual(keys["draft.appFolders"], ["/home/me/hello"]);
  assert.equal(contextKeys([], true)["draft.relevant"], true);
});
