/** Where a webhook answers. */
export interface WebhookAddress {
  readonly host: string;
  readonly port: number;
  /** The port that people know it by, where a service leads to another one: it is what messages and the Host header say. */
  readonly servicePort?: number;
  /** Path and query. */
  readonly path: string;
  /** The name its certificate must be for. */
  readonly serverName: string;
  /** PEM of the authority that must have signed the certificate; absent: those the machine trusts. */
  readonly authority?: string;
}

/** Asks servers of other people over HTTPS. Rejects where no answer comes in time. */
export interface Webhooks {
  post(
    address: WebhookAddress,
    body: string,
    timeoutMs: number,
  ): Promise<{ readonly status: number; readonly body: string }>;
}
