/** Where an extension API server answers. */
export interface ExtensionServer {
  readonly host: string;
  readonly port: number;
  /** The name its certificate must be for: NAME.NAMESPACE.svc. */
  readonly serverName: string;
  /** PEM of the authority that must have signed its certificate; absent: those the machine trusts. */
  readonly authority?: string;
  /** Its certificate is not looked at. */
  readonly isUnverified: boolean;
}

export interface ExtensionAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Asks extension API servers over HTTPS, with the certificate by which they know us. */
export interface ExtensionServers {
  /** Rejects where no answer comes in time. Redirects are answers. */
  get(server: ExtensionServer, path: string, headers: RemoteHeaders, timeoutMs: number): Promise<ExtensionAnswer>;
}

/** Header names in lower case; a header that comes several times is a list. */
export type RemoteHeaders = Readonly<Record<string, string | readonly string[]>>;
