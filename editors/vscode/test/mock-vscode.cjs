// Resolves require("vscode") to a stand-in, for unit tests in plain Node:
// node --require ./test/mock-vscode.cjs --test …
"use strict";
const Module = require("node:module");

class EventEmitter {
  constructor() {
    this.listeners = new Set();
    this.event = (listener) => {
      this.listeners.add(listener);
      return { dispose: () => this.listeners.delete(listener) };
    };
  }
  fire(value) {
    for (const listener of this.listeners) listener(value);
  }
  dispose() {
    this.listeners.clear();
  }
}

class Uri {
  constructor(scheme, path) {
    Object.assign(this, { scheme, path, fsPath: path });
  }
  static parse(text) {
    const url = new URL(text);
    return new Uri(url.protocol.slice(0, -1), decodeURIComponent(url.pathname));
  }
  toString() {
    const encoded = this.path.split("/").map(encodeURIComponent).join("/");
    return `${this.scheme}://${encoded}`;
  }
}

/** What the tests look at and set. */
const state = {
  executed: [],
  progress: [],
  settings: {},
  activeTextEditor: undefined,
  changeSetting: (name, value) => {
    state.settings[name] = value;
    configurationChanged.fire({ affectsConfiguration: (section) => name.startsWith(section) });
  },
};
const configurationChanged = new EventEmitter();

const vscode = {
  __state: state,
  EventEmitter,
  Uri,
  LogLevel: { Off: 0, Trace: 1, Debug: 2, Info: 3, Warning: 4, Error: 5 },
  DiagnosticSeverity: { Error: 0, Warning: 1, Information: 2, Hint: 3 },
  ProgressLocation: { SourceControl: 1, Window: 10, Notification: 15 },
  QuickPickItemKind: { Separator: -1, Default: 0 },
  env: { language: "en" },
  l10n: {
    t: (message, ...args) =>
      message.replace(/\{(\d+)\}/g, (_, index) => String(args[Number(index)])),
  },
  window: {
    get activeTextEditor() {
      return state.activeTextEditor;
    },
    withProgress: (options, task) => {
      const cancellation = new EventEmitter();
      const shown = { options, reports: [], ended: false, cancel: () => cancellation.fire() };
      state.progress.push(shown);
      return task(
        { report: (value) => shown.reports.push(value) },
        { onCancellationRequested: cancellation.event },
      ).then(() => {
        shown.ended = true;
      });
    },
  },
  workspace: {
    onDidChangeConfiguration: configurationChanged.event,
    getConfiguration: (section) => ({
      get: (key, fallback) => state.settings[`${section}.${key}`] ?? fallback,
    }),
  },
  commands: {
    executeCommand: async (...call) => {
      state.executed.push(call);
    },
  },
};

// vscode-languageclient extends many classes of the API when it is loaded; what no test uses is an empty class.
const complete = new Proxy(vscode, {
  get: (target, key) => (key in target || typeof key === "symbol" ? target[key] : (target[key] = class {})),
});

const load = Module._load;
Module._load = function (request, ...rest) {
  if (request === "vscode") return complete;
  return load.call(this, request, ...rest);
};
