/** What the engine is told of the machine that it runs on. */
export interface EngineSettings {
  /** The control socket, by its path. */
  readonly socket: string;
  /** Whom it runs as once its ports are open. Absent: who starts it. */
  readonly user?: { readonly name: string; readonly group: string };
  /** Shown to whom nobody gave a certificate: certificates, then the key. */
  readonly defaultCertificate: string;
  /** Files and sockets open at a time, where the machine allows so many: two for each request that is under way; others wait. */
  readonly filesMax: number;
}
