/** What a certificate request (PKCS #10, RFC 2986) asks to be named as. */
export interface RequestedNames {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
}

export interface Issue {
  /** PEM. */
  readonly request: string;
  /** Key usages in the words of certificates.k8s.io. */
  readonly usages: readonly string[];
  /** Milliseconds since the epoch. The end is cut to the authority's own. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Reads and signs certificate requests. */
export interface CertificateAuthority {
  /** Throws when the text is no request, or was not signed by the key in it. */
  read(request: string): Promise<RequestedNames>;
  /** Resolves to the certificate, PEM. */
  issue(order: Issue): Promise<string>;
}

/** Who asks, as a certificate request remembers it. */
export interface Requester {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** Asks the API server whether somebody may create this subresource of certificate requests (SubjectAccessReview). */
export type RequestReview = (requester: Requester, subresource: string) => Promise<boolean>;
