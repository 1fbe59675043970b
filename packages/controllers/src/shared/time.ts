/** RFC 3339 in whole seconds, as statuses carry times. `ms` since the epoch. */
export const timestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
