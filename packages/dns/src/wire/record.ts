/** What a record says. Names are lower case or as somebody wrote them, without the final dot; the root is ``. */
export type Data =
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  | { readonly type: 'CNAME' | 'PTR' | 'NS' | 'DNAME'; readonly target: string }
  | {
      readonly type: 'SRV';
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    }
  | { readonly type: 'MX'; readonly preference: number; readonly target: string }
  | {
      readonly type: 'SOA';
      readonly server: string;
      readonly mail: string;
      readonly serial: number;
      readonly refresh: number;
      readonly retry: number;
      readonly expire: number;
      readonly minimum: number;
    }
  | { readonly type: 'TXT'; readonly texts: readonly string[] }
  /** One that is passed on as it came; `number` is its type. */
  | { readonly type: 'raw'; readonly number: number; readonly bytes: Uint8Array };

export interface Record {
  readonly name: string;
  /** Seconds. */
  readonly ttl: number;
  readonly data: Data;
}

/** What is said to a question, whoever asked it. */
export interface Answer {
  readonly code: number;
  /** By whom knows it first hand. */
  readonly isAuthoritative: boolean;
  /** Whoever answered asks others for names that it does not know. */
  readonly isRecursive: boolean;
  /** Whoever answered has checked signatures. */
  readonly isVerified?: boolean;
  /** There is more, which whoever answered had no room for. */
  readonly isCut?: boolean;
  readonly answers: readonly Record[];
  readonly authorities: readonly Record[];
  readonly additionals: readonly Record[];
}

export const answerOf = (code: number, answers: readonly Record[] = []): Answer => ({
  code,
  isAuthoritative: false,
  isRecursive: false,
  answers,
  authorities: [],
  additionals: [],
});

export const sameName = (a: string, b: string): boolean => a.length === b.length && a.toLowerCase() === b.toLowerCase();

/** `a.b` is within `b` and within the root. */
export const isWithin = (name: string, zone: string): boolean =>
  zone === '' || name === zone || (name.endsWith(zone) && name[name.length - zone.length - 1] === '.');
