/** Milliseconds as Go prints a duration cut to milliseconds: `532ms`, `1.5s`, `1m2.034s`, `1h0m0s`. */
export function goDuration(milliseconds: number): string {
  const whole = Math.floor(milliseconds);
  if (whole <= 0) return '0s';
  if (whole < 1000) return `${whole}ms`;
  const [hours, minutes] = [Math.floor(whole / 3_600_000), Math.floor(whole / 60_000) % 60];
  const seconds = `${(whole % 60_000) / 1000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
