/** Keeps the last lines of a stream, however its chunks are cut. */
export class LastLines {
  private readonly lines: string[] = [];
  private unfinished = "";

  constructor(private readonly limit: number) {}

  add(chunk: string): void {
    const parts = (this.unfinished + chunk).split(/\r?\n/);
    this.unfinished = parts.pop() ?? "";
    this.lines.push(...parts);
    this.lines.splice(0, Math.max(0, this.lines.length - this.limit));
  }

  get all(): readonly string[] {
    return this.unfinished === "" ? [...this.lines] : [...this.lines, this.unfinished];
  }
}
