/** What to do when the server ends by itself. Pure. */

export interface ServerExit {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly code: number | null;
  readonly signal: string | null;
  /** Whether it had answered `initialize` before. */
  readonly answered: boolean;
}

export type AfterExit = { readonly kind: "restart"; readonly delayMs: number } | { readonly kind: "give up" };

export const CRASH_WINDOW_MS = 3 * 60_000;
const DELAYS_MS = [200, 1_000, 4_000, 10_000];

/** Restart with a growing delay; give up at the fifth end within three minutes. */
export function afterExit(exits: readonly ServerExit[], now: number): AfterExit {
  const recent = exits.filter((exit) => now - exit.at < CRASH_WINDOW_MS).length;
  const delayMs = DELAYS_MS[Math.max(recent, 1) - 1];
  return delayMs === undefined ? { kind: "give up" } : { kind: "restart", delayMs };
}
