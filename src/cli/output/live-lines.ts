import { visible } from './terminal.js';

/** The part of a terminal's stream that is needed here. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  /** 1 if the terminal only prints text. */
  getColorDepth?(): number;
  write(text: string): unknown;
}

/** Lines at the end of a terminal's output that are replaced while something is under way. Nothing is written anywhere else. */
export class LiveLines {
  #shown = 0;
  readonly #lives: boolean;

  constructor(readonly terminal: Terminal) {
    this.#lives = terminal.isTTY === true && (terminal.getColorDepth?.() ?? 1) > 1;
  }

  /** Replaces the live lines. */
  show(lines: readonly string[]): void {
    if (!this.#lives) return;
    // A line that wraps, or more lines than the terminal has, could not be replaced.
    const { columns = 80, rows = 24 } = this.terminal;
    const fitting = lines.slice(0, Math.max(rows - 2, 1)).map((line) => visible(line).slice(0, columns - 1));
    this.terminal.write(`${this.#erasing()}${fitting.map((line) => `${line}\n`).join('')}`);
    this.#shown = fitting.length;
  }

  /** Writes a line that stays, above the live lines, which have to be shown again. */
  keep(line: string): void {
    if (this.terminal.isTTY !== true) return;
    this.terminal.write(`${this.#erasing()}${visible(line)}\n`);
  }

  #erasing(): string {
    const erasing = this.#shown > 0 ? `\u001b[${this.#shown}A\u001b[J` : '';
    this.#shown = 0;
    return erasing;
  }
}
