/**
 * Where a deploy's progress is shown. A redeploy on save stays quiet in the status bar, as languageclient does
 * it; the *Up* that a person asked for gets a notification that can be cancelled.
 */

import * as vscode from "vscode";
import type {
  LanguageClient,
  ProgressToken,
  WorkDoneProgressBegin,
  WorkDoneProgressEnd,
  WorkDoneProgressReport,
} from "vscode-languageclient/node";

type Value = WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd;

interface Shown {
  report(value: WorkDoneProgressBegin | WorkDoneProgressReport): void;
  end(): void;
}

export class LoudProgress {
  private expected = 0;
  private readonly shown = new Map<ProgressToken, Shown>();

  constructor(private readonly client: () => LanguageClient | undefined) {}

  /** The next progress that begins is one that the person waits for. */
  expectOne(): void {
    this.expected += 1;
  }

  /** The command failed before its progress began. */
  expectNone(): void {
    this.expected = 0;
  }

  /** languageclient's middleware; what is not taken here goes on to `next`. */
  handle(token: ProgressToken, value: Value, next: (token: ProgressToken, value: Value) => void): void {
    if (value.kind === "begin" && this.expected > 0) {
      this.expected -= 1;
      this.shown.set(token, this.open(token, value));
      return;
    }
    const shown = this.shown.get(token);
    if (shown === undefined) {
      next(token, value);
    } else if (value.kind === "end") {
      this.shown.delete(token);
      shown.end();
    } else {
      shown.report(value);
    }
  }

  /** The server is gone: nothing will end what it began. */
  endAll(): void {
    for (const shown of this.shown.values()) shown.end();
    this.shown.clear();
    this.expected = 0;
  }

  private open(token: ProgressToken, begin: WorkDoneProgressBegin): Shown {
    let reached = 0;
    let progress: vscode.Progress<{ message?: string; increment?: number }> | undefined;
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const report = (value: WorkDoneProgressBegin | WorkDoneProgressReport) => {
      // An increment, even of 0, would turn the moving bar of unknown length into a standing one.
      const increment = value.percentage === undefined ? undefined : Math.max(0, value.percentage - reached);
      reached += increment ?? 0;
      progress?.report({ message: value.message, increment });
    };
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: begin.title,
      cancellable: begin.cancellable ?? false,
    };
    void vscode.window.withProgress(options, async (opened, cancellation) => {
      progress = opened;
      cancellation.onCancellationRequested(() => {
        void this.client()?.sendNotification("window/workDoneProgress/cancel", { token });
      });
      report(begin);
      return ended;
    });
    return { report, end };
  }
}
