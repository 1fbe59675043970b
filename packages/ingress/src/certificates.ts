import type { Secret } from '@navarch/api';
import type { Certificate, Problem } from './model.ts';
import type { Certificates } from './ports.ts';
import { matchesHost } from './decide.ts';

export interface CertificateWish {
  readonly namespace: string;
  readonly secretName: string;
  /** None: for the names that it is good for. `rest`: for no name of its own, and for all that no other is for. */
  readonly hosts: readonly string[] | 'rest';
  readonly owner: string;
  /** Whether it is also for names that no other is for. The first one of those is. */
  readonly isDefault?: boolean;
}

/** The certificates that are shown, by name. Of two for one name the first is taken. */
export class Wardrobe {
  readonly #inspector: Certificates;
  readonly #nowMs: number;
  readonly #taken = new Set<string>();
  readonly #byId = new Map<string, { readonly pem: string; readonly hosts: string[] }>();

  #default: string | undefined;

  constructor(inspector: Certificates, nowMs: number) {
    this.#inspector = inspector;
    this.#nowMs = nowMs;
  }

  /** What is wrong with it; a certificate that can be shown is, whatever else is wrong. */
  add(
    { namespace, secretName, hosts, owner, isDefault }: CertificateWish,
    secret: Secret | undefined,
  ): readonly Problem[] {
    const id = `${namespace}/${secretName}`;
    const told = (reason: string, message: string): Problem => ({ owner, reason, message });
    if (!secret) return [told('SecretNotFound', `secret "${id}" not found; the default certificate is shown instead`)];
    const [certificate, key] = [textOf(secret, 'tls.crt'), textOf(secret, 'tls.key')];
    const facts = certificate && key ? this.#inspector.inspect(certificate, key) : 'it has no tls.crt, or no tls.key';
    if (typeof facts === 'string')
      return [told('InvalidCertificate', `secret "${id}": ${facts}; the default certificate is shown instead`)];
    const wanted = hosts === 'rest' ? [] : hosts.length > 0 ? hosts : facts.names;
    if (isDefault || hosts === 'rest') this.#default ??= id;
    this.#show(id, `${certificate?.trimEnd()}\n${key?.trimEnd()}\n`, wanted);
    const strange = wanted.filter((host) => !facts.names.some((name) => matchesHost(host, name, 'one-label')));
    return [
      ...(strange.length > 0
        ? [told('CertificateMismatch', `the certificate of secret "${id}" is not for ${strange.join(', ')}`)]
        : []),
      ...(facts.notAfter <= this.#nowMs
        ? [told('CertificateExpired', `the certificate of secret "${id}" has run out`)]
        : []),
    ];
  }

  get certificates(): readonly Certificate[] {
    return [...this.#byId].flatMap(([id, { pem, hosts }]) =>
      hosts.length > 0 || id === this.#default ? [{ id, pem, hosts }] : [],
    );
  }

  get defaultCertificate(): string | undefined {
    return this.#default;
  }

  #show(id: string, pem: string, hosts: readonly string[]): void {
    const free = hosts.filter((host) => !this.#taken.has(host) && /^[\w.*-]+$/.test(host));
    for (const host of free) this.#taken.add(host);
    const held = this.#byId.get(id);
    if (held) held.hosts.push(...free);
    else this.#byId.set(id, { pem, hosts: [...free] });
  }
}

function textOf({ data }: Secret, key: string): string | undefined {
  const text = data?.[key];
  return text === undefined ? undefined : atob(text);
}
