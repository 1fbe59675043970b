/** One entry of a container's log file (CRI log format: time, stream, tag, text). */
export interface LogEntry {
  readonly time: string;
  readonly stream: string;
  /** The line goes on in the next entry. */
  readonly isPartial: boolean;
  readonly text: string;
}

/** What `kubectl logs` may ask for. */
export interface LogOptions {
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly previous: boolean;
  readonly tailLines: number | undefined;
  readonly limitBytes: number | undefined;
  /** Entries from this time on, milliseconds. */
  readonly since: number | undefined;
}

/** Reads one line of the file; undefined for one that is none. */
export function parseEntry(line: string): LogEntry | undefined {
  const match = /^(\S+) (stdout|stderr) ([FP])(?::\S*)? ?(.*)$/s.exec(line);
  return match ? { time: match[1] ?? '', stream: match[2] ?? '', isPartial: match[3] === 'P', text: match[4] ?? '' } : undefined;
}

/** The text as it is sent: partial entries are joined, each whole line ends with a newline. */
export function shown(entries: readonly LogEntry[], timestamps: boolean): string {
  let text = '';
  let isFresh = true;
  for (const entry of entries) {
    text += `${timestamps && isFresh ? `${entry.time} ` : ''}${entry.text}${entry.isPartial ? '' : '\n'}`;
    isFresh = !entry.isPartial;
  }
  return text;
}

/** The last `count` whole lines; an unfinished one counts too. */
export function lastLines(entries: readonly LogEntry[], count: number): readonly LogEntry[] {
  if (count <= 0) return [];
  let seen = 0;
  for (let i = entries.length - 1; i >= 0; i--) {
    const isEnd = i === entries.length - 1 || !(entries[i] as LogEntry).isPartial;
    if (isEnd) seen += 1;
    if (seen > count) return entries.slice(i + 1);
  }
  return entries;
}

/** Reads the options of a request. Throws RangeError with upstream's words for a number that is none. */
export function logOptions(query: URLSearchParams, now: number): LogOptions {
  const whole = (name: string): number | undefined => {
    const text = query.get(name);
    if (text === null) return undefined;
    if (!/^\d+$/.test(text)) throw new RangeError(`${name}: Invalid value: ${JSON.stringify(text)}: must be greater than or equal to 0`);
    return Number(text);
  };
  const seconds = whole('sinceSeconds');
  const time = query.get('sinceTime');
  return {
    follow: query.get('follow') === 'true', timestamps: query.get('timestamps') === 'true', previous: query.get('previous') === 'true',
    tailLines: whole('tailLines'), limitBytes: whole('limitBytes'), since: seconds !== undefined ? now - seconds * 1000 : time ? Date.parse(time) : undefined,
  };
}
