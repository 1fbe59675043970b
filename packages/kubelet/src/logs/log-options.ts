/** What `kubectl logs` may ask for (API: PodLogOptions). */
export interface LogOptions {
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly previous: boolean;
  /** Lines of the file from its end; a long line of the container may be several. */
  readonly tailLines: number | undefined;
  readonly limitBytes: number | undefined;
  /** Entries from this time on, milliseconds. */
  readonly since: number | undefined;
  /** undefined: both. */
  readonly stream: 'stdout' | 'stderr' | undefined;
}

/** Reads the options of a request. Throws RangeError with upstream's words for what is none. */
export function logOptions(query: URLSearchParams, now: number): LogOptions {
  const seconds = whole(query, 'sinceSeconds', 1);
  const time = query.get('sinceTime');
  if (seconds !== undefined && time) throw new RangeError('at most one of sinceTime or sinceSeconds may be specified');
  const since = seconds !== undefined ? now - seconds * 1000 : time ? Date.parse(time) : undefined;
  if (Number.isNaN(since))
    throw new RangeError(`sinceTime: Invalid value: ${JSON.stringify(time)}: must be a time in RFC 3339`);
  return {
    follow: flag(query, 'follow'),
    timestamps: flag(query, 'timestamps'),
    previous: flag(query, 'previous'),
    tailLines: whole(query, 'tailLines', 0),
    limitBytes: whole(query, 'limitBytes', 1),
    since,
    stream: streamOf(query.get('stream')),
  };
}

function streamOf(text: string | null): LogOptions['stream'] {
  switch (text) {
    case null:
    case '':
    case 'All':
      return undefined;
    case 'Stdout':
      return 'stdout';
    case 'Stderr':
      return 'stderr';
    default:
      throw new RangeError(
        `stream: Unsupported value: ${JSON.stringify(text)}: supported values: "All", "Stderr", "Stdout"`,
      );
  }
}

const flag = (query: URLSearchParams, name: string): boolean =>
  query.has(name) && !/^(?:false|0)$/i.test(query.get(name) ?? '');

function whole(query: URLSearchParams, name: string, least: number): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^\d{1,15}$/.test(text) || Number(text) < least) {
    throw new RangeError(
      `${name}: Invalid value: ${/^-?\d+$/.test(text) ? text : JSON.stringify(text)}: must be greater than ${least === 0 ? 'or equal to ' : ''}0`,
    );
  }
  return Number(text);
}
