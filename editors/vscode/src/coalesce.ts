/** Runs an action once at a time; calls that come while it runs lead to one more run, not to many. */
export function coalesced(action: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let again = false;
  const rounds = async () => {
    await action();
    while (again) {
      again = false;
      await action();
    }
  };
  return () => {
    if (running !== undefined) {
      again = true;
      return running;
    }
    running = rounds().finally(() => {
      running = undefined;
      again = false;
    });
    return running;
  };
}
