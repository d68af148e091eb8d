/** Looks for Pythons on this machine; `interpreter.ts` judges what is found. */

import * as vscode from "vscode";
import {
  choosePython,
  parseFacts,
  PROBE_SCRIPT,
  pythonCandidates,
  type ProbedPython,
  type PythonCandidate,
  type PythonChoice,
} from "./interpreter";
import { run } from "./run";

/** The part of the Python extension's public API that is used here. */
interface PythonExtensionApi {
  readonly environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { readonly path: string };
    resolveEnvironment(
      environment: { readonly path: string },
    ): Promise<{ readonly executable: { readonly uri?: vscode.Uri } } | undefined>;
  };
}

/** Tries one candidate after another and stops at the first that fits. */
export async function findPython(setting: string): Promise<PythonChoice> {
  const selected = setting === "" ? await selectedInPythonExtension() : undefined;
  const probed: ProbedPython[] = [];
  for (const candidate of pythonCandidates(setting, selected, process.platform)) {
    probed.push({ candidate, facts: await facts(candidate) });
    const choice = choosePython(probed);
    if (choice.chosen !== undefined) return choice;
  }
  return choosePython(probed);
}

async function facts(candidate: PythonCandidate): Promise<ProbedPython["facts"]> {
  try {
    // -I: neither the workspace nor the user's environment variables decide what is imported.
    const finished = await run([...candidate.command, "-I", "-c", PROBE_SCRIPT], { timeoutMs: 10_000 });
    return parseFacts(finished.stdout);
  } catch {
    return undefined; // said to the person as "not found" by choosePython
  }
}

async function selectedInPythonExtension(): Promise<string | undefined> {
  const extension = vscode.extensions.getExtension<PythonExtensionApi>("ms-python.python");
  if (extension === undefined) return undefined;
  try {
    const environments = (extension.isActive ? extension.exports : await extension.activate()).environments;
    const path = environments?.getActiveEnvironmentPath(vscode.workspace.workspaceFolders?.[0]?.uri);
    if (environments === undefined || path === undefined) return undefined;
    return (await environments.resolveEnvironment(path))?.executable.uri?.fsPath;
  } catch {
    return undefined; // another extension's failure must not keep ours from starting
  }
}
