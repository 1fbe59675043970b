/** RFC 3339 seconds from milliseconds. */
export const time = (milliseconds: number): string => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;

export const nanoTime = (nanoseconds: number): string => time(nanoseconds / 1e6);

/** 10 s is 10s, 80 s is 1m20s, as Go prints durations. */
export function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`;
}
