/** What an engine has to do, in no engine's words. Ingresses and Gateways are translated into it, and engines' configuration is made from it. */
export interface Site {
  readonly entrances: readonly Entrance[];
  readonly backends: readonly Backend[];
}

/** A place where requests arrive, with what becomes of them. */
export interface Entrance {
  readonly id: string;
  readonly binds: readonly Bind[];
  /** In no order: precedence says which comes first. */
  readonly routes: readonly Route[];
  readonly certificates: readonly Certificate[];
  /** Of these, the id of the one that is shown to whom no other is meant for; absent: the engine's own. */
  readonly defaultCertificate?: string;
  /** The port that people know it by, where something before it has another. */
  readonly port?: number;
  /**
   * Hosts, `*.` for any number of labels, that are apart from each other: who asked for one of them when TLS began, and asks
   * for another now, is told that this is the wrong place (421).
   */
  readonly apart?: readonly string[];
}

export interface Bind {
  /** Absent: every address. */
  readonly address?: string;
  readonly port: number;
  readonly isTls: boolean;
  /** Who asks for it, and is told where somebody else has it. Absent: nothing can be served without it. */
  readonly owner?: string;
}

export interface Certificate {
  /** `namespace/name` of its secret. */
  readonly id: string;
  /** Names for which it is shown. */
  readonly hosts: readonly string[];
  /** Certificates, then the key. */
  readonly pem: string;
}

export interface PathMatch {
  /**
   * `exact`: the whole path. `prefix`: element by element, a slash at the end means nothing. `begin`: letter by letter.
   * `regex`: the path begins with something that it matches.
   */
  readonly type: 'exact' | 'prefix' | 'begin' | 'regex';
  readonly value: string;
  /** Of a regex: letters match whatever their case is. */
  readonly ignoreCase?: boolean;
}

export interface Condition {
  readonly of: 'port' | 'method' | 'header' | 'query' | 'cookie';
  /** Empty for the port and the method. */
  readonly name: string;
  readonly type: 'exact' | 'regex';
  readonly value: string;
}

export type Wildcard = 'one-label' | 'labels';

export interface Route {
  /** `example.com`, `*.example.com`, or empty for every host. */
  readonly host: string;
  /** Whether a star stands for one label, as in an Ingress, or for any number of them, as in a Gateway. */
  readonly wildcard: Wildcard;
  readonly path: PathMatch;
  /** All of them hold. */
  readonly conditions: readonly Condition[];
  /** Shares of what matches. None: nobody is there to answer. */
  readonly targets: readonly Target[];
  /** Whose route it is: what is told about it is told of that object. */
  readonly owner: string;
  /** When its owner was made: of two that are otherwise equal the older one comes first. */
  readonly since: string;
}

export interface Target {
  readonly weight: number;
  /** The id of a backend. */
  readonly backend: string;
}

/** What is done with a request that was sent here: rules in order, then it is forwarded, unless a rule answered. */
export interface Backend {
  readonly id: string;
  readonly owner: string;
  readonly rules: readonly Rule[];
  readonly forward?: Forward;
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface Forward {
  /** `h2`: HTTP/2 over TLS, `h2c`: without. Certificates of pods are not verified. */
  readonly protocol: 'http' | 'https' | 'h2' | 'h2c';
  readonly endpoints: readonly Endpoint[];
  /** A name outside of the cluster instead of endpoints. */
  readonly external?: { readonly host: string; readonly port: number };
  readonly timeouts?: Timeouts;
  readonly retry?: Retry;
  /** Who came once is sent to the same endpoint again. */
  readonly affinity?: Affinity;
  readonly balance?: Balance;
}

export interface Timeouts {
  readonly connectMs?: number;
  /** Between two things that the endpoint sends, or takes. */
  readonly idleMs?: number;
}

/** What is tried again although it may have been done, and how often. Without it, what an endpoint did not take is. */
export interface Retry {
  /** Answers after which it is. */
  readonly statuses: readonly number[];
  readonly attempts: number;
}

export interface Affinity {
  readonly cookie: string;
  readonly maxAgeSeconds?: number;
  readonly isSecure: boolean;
  readonly sameSite?: string;
  readonly domain?: string;
}

/** Requests that have this in common go to the same endpoint, as long as it is there. */
export interface Balance {
  readonly by: 'source' | 'uri' | 'header';
  /** Of the header. */
  readonly name?: string;
}

export interface HeaderChange {
  readonly set: readonly HeaderValue[];
  readonly add: readonly HeaderValue[];
  readonly remove: readonly string[];
}

export interface HeaderValue {
  readonly name: string;
  readonly value: string;
}

export interface Cors {
  /** `*`, or origins: one that is in the list is answered with itself. */
  readonly origins: readonly string[];
  /** Of these and of headers `*` is whatever is asked for; empty: nothing is said. */
  readonly methods: string;
  readonly headers: string;
  readonly exposed: string;
  readonly withCredentials: boolean;
  readonly maxAgeSeconds: number;
}

/** Parts that are absent are as they were asked for. */
export interface Redirect {
  readonly status: number;
  readonly scheme?: 'http' | 'https';
  readonly host?: string;
  /** Absent: the one that the request came to, or the scheme's own where a scheme is given. */
  readonly port?: number;
  readonly path?: string;
  /** The part of the path that is replaced by `path`; absent: all of it. */
  readonly prefix?: string;
}

export type Rule =
  | { readonly do: 'admit' | 'refuse'; readonly sources: readonly string[] }
  | { readonly do: 'ask-password'; readonly realm: string; readonly users: readonly User[] }
  /** Sends who came without TLS to the same place with it. */
  | { readonly do: 'secure'; readonly port: number }
  | { readonly do: 'limit-body'; readonly bytes: number }
  | { readonly do: 'limit'; readonly limit: Limit }
  | { readonly do: 'share'; readonly cors: Cors }
  /** Asks another backend whether a request may go on, and takes headers over from what it answers. */
  | { readonly do: 'ask'; readonly question: Question }
  /** Has another backend say what is shown instead of an answer with one of these statuses. */
  | {
      readonly do: 'explain';
      readonly statuses: readonly number[];
      readonly to: string;
      readonly headers: readonly HeaderValue[];
    }
  /** Sends a copy to another backend as well, of so many requests out of so many; what comes back from there is dropped. */
  | { readonly do: 'mirror'; readonly to: string; readonly share: number; readonly of: number }
  | { readonly do: 'redirect'; readonly to: Redirect }
  /** To a place as it was written, from this path only where one is given. */
  | { readonly do: 'send-to'; readonly location: string; readonly status: number; readonly onlyFrom?: string }
  | { readonly do: 'respond'; readonly status: number; readonly text?: string }
  | { readonly do: 'set-path'; readonly path: string }
  /** `$1` in the replacement is the first group. */
  | {
      readonly do: 'rewrite-path';
      readonly pattern: string;
      readonly replacement: string;
      readonly ignoreCase: boolean;
    }
  | { readonly do: 'replace-prefix'; readonly prefix: string; readonly by: string }
  | { readonly do: 'set-host'; readonly host: string }
  | { readonly do: 'change-request' | 'change-response'; readonly headers: HeaderChange };

/** How much one client may ask for. At least one of both. */
export interface Limit {
  readonly rate?: { readonly requests: number; readonly seconds: number };
  /** Requests at a time. */
  readonly atOnce?: number;
  /** Who may ask for more. */
  readonly except: readonly string[];
}

export interface Question {
  readonly to: string;
  readonly method: 'get' | 'head' | 'post';
  /** What it is asked for, with the query, and by which name. */
  readonly path: string;
  readonly host: string;
  /** Headers of the answer that the request goes on with. */
  readonly taken: readonly string[];
  /** Where who is refused for want of a name (401) is sent: `$host`, `$scheme`, `$request_uri` and `$escaped_request_uri` are the request's. */
  readonly signIn?: string;
}

export interface User {
  readonly name: string;
  /** As crypt(3) makes it. */
  readonly hash: string;
}

/** Something about an object that keeps a part of it from being served. The rest of it, and all others, are. */
export interface Problem {
  readonly owner: string;
  readonly reason: string;
  readonly message: string;
}
