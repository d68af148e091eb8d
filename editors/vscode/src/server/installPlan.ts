/** What has to be done before the bundled server can run. Pure: `environment.ts` does it. */

/** The server's wheel inside this extension. */
export interface BundledWheel {
  readonly file: string;
  readonly version: string;
  /** Hex SHA-256 of the wheel: names the environment, so that an update never changes one in use. */
  readonly digest: string;
}

/** What is left behind by an installation that went through; written last. */
export interface InstallMarker {
  readonly digest: string;
  readonly version: string;
  /** The interpreter inside the environment. */
  readonly python: string;
}

/** What was found in the extension's storage. */
export interface InstallState {
  readonly marker: InstallMarker | undefined;
  /** Whether the environment's interpreter exists (it goes away with the Python it was made from). */
  readonly pythonExists: boolean;
  /** Whether the last server from this environment ended before it answered. */
  readonly suspect: boolean;
}

export type InstallPlan =
  | { readonly kind: "use"; readonly python: string }
  | { readonly kind: "install"; readonly reason: "first" | "update" | "repair" };

/** Use what is there, install for the first time, update to the bundled wheel, or repair. */
export function planInstall(wheel: BundledWheel, state: InstallState): InstallPlan {
  if (state.marker === undefined) return { kind: "install", reason: "first" };
  if (state.marker.digest !== wheel.digest) return { kind: "install", reason: "update" };
  if (!state.pythonExists || state.suspect) return { kind: "install", reason: "repair" };
  return { kind: "use", python: state.marker.python };
}

export interface InstallStep {
  readonly title: "environment" | "packages" | "check";
  readonly command: readonly string[];
  readonly timeoutMs: number;
}

/** The commands that make an environment in `folder` with the wheel in it, in order. */
export function installSteps(
  basePython: readonly string[],
  folder: string,
  environmentPython: string,
  wheel: string,
): readonly InstallStep[] {
  return [
    {
      title: "environment",
      command: [...basePython, "-I", "-m", "venv", "--clear", folder],
      timeoutMs: 120_000,
    },
    {
      title: "packages",
      command: [
        environmentPython, "-I", "-m", "pip", "install",
        "--disable-pip-version-check", "--no-input", "--no-warn-script-location", wheel,
      ],
      timeoutMs: 600_000,
    },
    { title: "check", command: [environmentPython, "-I", "-m", "draft_ls", "--version"], timeoutMs: 60_000 },
  ];
}

/** Where a virtual environment keeps its interpreter. */
export function environmentPython(folder: string, platform: NodeJS.Platform): string {
  return platform === "win32" ? `${folder}\\Scripts\\python.exe` : `${folder}/bin/python`;
}

/** Reads a marker; undefined if the file is not one, which counts as not installed. */
export function parseMarker(text: string): InstallMarker | undefined {
  try {
    const value = JSON.parse(text) as Partial<InstallMarker>;
    const { digest, version, python } = value;
    if (typeof digest !== "string" || typeof version !== "string" || typeof python !== "string") return undefined;
    return { digest, version, python };
  } catch {
    return undefined;
  }
}

/** The version in a wheel's file name: `draft_ls-0.1.0-py3-none-any.whl` → `0.1.0`. */
export function wheelVersion(fileName: string): string | undefined {
  return /^draft_ls-([^-]+)-.*\.whl$/.exec(fileName)?.[1];
}
