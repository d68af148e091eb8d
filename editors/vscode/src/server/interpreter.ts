/** Which Python runs the server. Pure: what was found is judged here, `probe.ts` does the looking. */

export const MINIMUM_PYTHON: readonly [number, number] = [3, 11];

/** Where a candidate comes from, in the order in which they are tried. */
export type PythonSource = "setting" | "python extension" | "PATH";

export interface PythonCandidate {
  readonly source: PythonSource;
  /** A path, or a name to look up on PATH, with the arguments that select an interpreter (`py -3`). */
  readonly command: readonly string[];
}

/** What an interpreter says about itself. */
export interface PythonFacts {
  readonly executable: string;
  readonly version: readonly [number, number, number];
  /** Whether `python -m venv` can give its environments a pip. */
  readonly canMakeEnvironments: boolean;
}

export interface ProbedPython {
  readonly candidate: PythonCandidate;
  /** Undefined when it could not be run. */
  readonly facts: PythonFacts | undefined;
}

export interface Rejection {
  readonly candidate: PythonCandidate;
  readonly reason: "not found" | "too old" | "cannot make environments";
  readonly version?: string;
}

export interface PythonChoice {
  readonly chosen: ProbedPython & { facts: PythonFacts } | undefined;
  readonly rejected: readonly Rejection[];
}

/**
 * Every interpreter worth trying, best first:
 *
 * 1. the setting `draft.server.python`; when it is set, nothing else is tried, so that a wrong setting is seen;
 * 2. the environment selected in the Python extension;
 * 3. PATH, newest known version first.
 */
export function pythonCandidates(
  setting: string,
  fromPythonExtension: string | undefined,
  platform: NodeJS.Platform,
): readonly PythonCandidate[] {
  if (setting !== "") return [{ source: "setting", command: [setting] }];
  const selected: PythonCandidate[] =
    fromPythonExtension === undefined
      ? []
      : [{ source: "python extension", command: [fromPythonExtension] }];
  const names =
    platform === "win32"
      ? [["py", "-3"], ["python"], ["python3"]]
      : [["python3"], ["python3.14"], ["python3.13"], ["python3.12"], ["python3.11"], ["python"]];
  return [...selected, ...names.map((command) => ({ source: "PATH" as const, command }))];
}

/** Asks the interpreter for its facts as one JSON line. Also runs on Pythons too old for the server. */
export const PROBE_SCRIPT = [
  "import json, sys",
  "try:",
  "    import venv, ensurepip; usable = True",
  "except ImportError:",
  "    usable = False",
  'print(json.dumps({"executable": sys.executable, "version": sys.version_info[:3], "canMakeEnvironments": usable}))',
].join("\n");

/** Reads the answer of `PROBE_SCRIPT`; undefined if it is none. */
export function parseFacts(output: string): PythonFacts | undefined {
  try {
    const value = JSON.parse(output.trim().split("\n").at(-1) ?? "") as Partial<PythonFacts>;
    if (typeof value.executable !== "string" || !Array.isArray(value.version)) return undefined;
    return {
      executable: value.executable,
      version: value.version,
      canMakeEnvironments: value.canMakeEnvironments === true,
    };
  } catch {
    return undefined;
  }
}

export function isRecentEnough(version: readonly number[]): boolean {
  const [major = 0, minor = 0] = version;
  const [wantedMajor, wantedMinor] = MINIMUM_PYTHON;
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** The first interpreter that fits, and why each one before it does not. */
export function choosePython(probed: readonly ProbedPython[]): PythonChoice {
  const rejected: Rejection[] = [];
  for (const { candidate, facts } of probed) {
    if (facts === undefined) {
      rejected.push({ candidate, reason: "not found" });
    } else if (!isRecentEnough(facts.version)) {
      rejected.push({ candidate, reason: "too old", version: facts.version.join(".") });
    } else if (!facts.canMakeEnvironments) {
      rejected.push({
        candidate,
        reason: "cannot make environments",
        version: facts.version.join("."),
      });
    } else {
      return { chosen: { candidate, facts }, rejected };
    }
  }
  return { chosen: undefined, rejected };
}
