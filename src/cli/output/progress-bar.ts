/** How far something is that is under way. */
export interface Progress {
  readonly what: string;
  readonly name: string;
  /** From 0 to 1. */
  readonly share: number;
  readonly secondsLeft: number;
}

const barLength = 10;

/** One line: what it is, a bar, the percentage and the remaining time. */
export function progressLine({ what, name, share, secondsLeft }: Progress): string {
  const filled = Math.floor(share * barLength);
  const bar = `${'#'.repeat(filled)}${'-'.repeat(barLength - filled)}`;
  const percent = `${Math.floor(share * 100)}`.padStart(3);
  return `  ${what.padEnd(8)} ${name.padEnd(31)} [${bar}] ${percent} %  ${durationText(secondsLeft)} left`;
}

/** A duration to the second, the minute or the hour, as it matters: `12 s`, `3 min 5 s`, `2 h 10 min`. */
export function durationText(seconds: number): string {
  const whole = Math.max(1, Math.ceil(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
