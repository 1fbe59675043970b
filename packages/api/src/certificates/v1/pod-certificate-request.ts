import {
  bytesOfBinary,
  type CertificateContent,
  cloneJson,
  dnsSubdomainErrors,
  equalJson,
  type Field,
  formatTime,
  type HookContext,
  type Kind,
  type Mutable,
  pemBlocks,
  publicKeyKind,
  publicKeyOfRequest,
  readCertificateContent,
} from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { validateConditions } from '../../checks/conditions.ts';
import { shown } from '../../checks/shown.ts';
import { base64Bytes, named, unchanged } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type { PodCertificateRequest } from '../../generated/types/certificates-v1.ts';
import { statusOnlyPart } from '../../parts.ts';
import { signerName } from './certificate-signing-request.ts';

/** Seconds that a certificate for a pod may be valid, at least and at most; signers of Kubernetes itself give a day at most (KEP-4317). */
export const EXPIRATION = { min: 3600, max: 91 * 86_400, ofKubernetesMax: 86_400 } as const;
const DEFAULT_SECONDS = 86_400;
const REQUEST_BYTES_MAX = 10 * 1024;
const CHAIN_BYTES_MAX = 100 * 1024;
const TERMINAL = ['Issued', 'Denied', 'Failed'] as const;
const MINUTE_MS = 60_000;
const UID_MAX = 128;

type Status = PodCertificateRequest['status'];

export const isKubernetesSigner = (name: string): boolean => /^(?:[^/]+\.)?kubernetes\.io\//.test(name);

/** A kubelet's request for a certificate of a key that it made for a pod. */
export const podCertificateRequest: Kind<PodCertificateRequest> = builtIn<PodCertificateRequest>(
  'certificates.k8s.io/v1.PodCertificateRequest',
  {
    columns: columnsOf('certificates.k8s.io/PodCertificateRequest', {
      PodName: (r) => r.spec.podName,
      ServiceAccountName: (r) => r.spec.serviceAccountName,
      NodeName: (r) => r.spec.nodeName,
      SignerName: (r) => r.spec.signerName,
      State: ({ status }) => terminalOf(status) ?? 'Pending',
    }),
    selectableFields: {
      'spec.signerName': (r) => r.spec.signerName,
      'spec.podName': (r) => r.spec.podName,
      'spec.nodeName': (r) => r.spec.nodeName,
    },
    behaviour: {
      updatesUnconditionally: false,
      desired: false,
      complete({ spec }) {
        spec.maxExpirationSeconds ??= DEFAULT_SECONDS;
      },
      prepareCreate(r) {
        r.status = {};
      },
      prepareUpdate(r, previous) {
        r.status = cloneJson(previous.status) as Mutable<PodCertificateRequest>['status'];
      },
      validate({ spec }, at) {
        const here = at.at('spec');
        signerName(spec.signerName, here.at('signerName'));
        for (const [name, uid] of [
          ['podName', 'podUID'],
          ['serviceAccountName', 'serviceAccountUID'],
          ['nodeName', 'nodeUID'],
        ] as const) {
          named(spec[name], dnsSubdomainErrors, here.at(name));
          if (!spec[uid]) here.at(uid).invalid(spec[uid], 'must not be empty');
          if (spec[uid].length > UID_MAX) here.at(uid).tooLong(UID_MAX);
        }
        const seconds = spec.maxExpirationSeconds;
        const max = isKubernetesSigner(spec.signerName) ? EXPIRATION.ofKubernetesMax : EXPIRATION.max;
        if (seconds === undefined) here.at('maxExpirationSeconds').required('must be set');
        else if (seconds < EXPIRATION.min || seconds > max)
          here.at('maxExpirationSeconds').invalid(seconds, `must be in the range [${EXPIRATION.min}, ${max}]`);
        validateStub(spec.stubPKCS10Request, here.at('stubPKCS10Request'));
      },
      validateUpdate: (next, previous, at) => unchanged(next.spec, previous.spec, at.at('spec')),
      parts: {
        status: statusOnlyPart<PodCertificateRequest>({
          prepare: stampConditions,
          validate: (next, previous, at, { now }) => validateStatus(next, previous, at.at('status'), now),
        }),
      },
    },
  },
);

const terminalOf = ({ conditions }: Status): string | undefined =>
  TERMINAL.find((type) => conditions?.some((condition) => condition.type === type && condition.status === 'True'));

function stampConditions(
  draft: Mutable<PodCertificateRequest>,
  previous: PodCertificateRequest,
  { now }: HookContext,
): void {
  for (const condition of draft.status.conditions ?? []) {
    const before = previous.status.conditions?.find(
      ({ type, status }) => type === condition.type && status === condition.status,
    );
    condition.lastTransitionTime ||= before?.lastTransitionTime ?? formatTime(now);
  }
}

/** The key alone is of interest: whose it is, the rest of the request says. */
function validateStub(encoded: string, at: Field): void {
  if (base64Bytes(encoded) > REQUEST_BYTES_MAX) return at.tooLong(REQUEST_BYTES_MAX);
  const key = keyIn(encoded);
  if (!key) return at.invalidOmitted('must be a valid DER-serialized PKCS#10 certificate request');
  const kind = publicKeyKind(key);
  if (kind === 'P-224') return at.invalid('curve P-224', 'elliptic public keys must use curve P256 or P384');
  if (kind === undefined)
    return at.invalidOmitted('unknown public key type; supported types are Ed25519, ECDSA, and RSA');
  if (kind.startsWith('RSA') && kind !== 'RSA 3072' && kind !== 'RSA 4096')
    at.invalid(`${kind.slice(4)}-bit modulus`, 'RSA keys must have modulus size 3072 or 4096');
}

function keyIn(encoded: string): Uint8Array | undefined {
  try {
    return publicKeyOfRequest(bytesOfBinary(atob(encoded)));
  } catch {
    return undefined;
  }
}

/** A request is answered once: with a certificate that fits it, or with a refusal and nothing else. */
function validateStatus(next: PodCertificateRequest, previous: PodCertificateRequest, at: Field, now: number): void {
  const errors = at.errors.length;
  validateTerminal(next.status, at.at('conditions'));
  validateConditions(next.status.conditions, at.at('conditions'));
  if (at.errors.length > errors) return;
  const state = terminalOf(next.status);
  if (terminalOf(previous.status)) {
    if (!equalJson(next.status, previous.status))
      at.invalid(
        shown('certificates.v1.PodCertificateRequestStatus', next.status),
        'immutable after PodCertificateRequest is issued, denied, or failed',
      );
  } else if (state === 'Issued') {
    validateIssued(next, at, now);
  } else if (state) {
    const { conditions: _, ...rest } = next.status;
    if (Object.keys(rest).length > 0)
      at.invalid(
        shown('certificates.v1.PodCertificateRequestStatus', next.status),
        'non-condition status fields must be empty when denying or failing the PodCertificateRequest',
      );
  } else if (!equalJson(next.status, previous.status)) {
    at.invalid(
      shown('certificates.v1.PodCertificateRequestStatus', next.status),
      'status is immutable unless transitioning to "Issued", "Denied", or "Failed"',
    );
  }
}

function validateTerminal({ conditions }: Status, at: Field): void {
  let known = 0;
  for (const [i, { type, status }] of (conditions ?? []).entries()) {
    const here = at.index(i);
    if (!TERMINAL.some((one) => one === type)) here.at('type').notSupported(type, TERMINAL);
    else {
      known += 1;
      if (known > 1)
        here.at('type').invalid(type, 'There may be at most one condition with type "Issued", "Denied", or "Failed"');
      if (status !== 'True') here.at('status').notSupported(status, ['True']);
    }
  }
}

function validateIssued({ spec, status }: PodCertificateRequest, at: Field, now: number): void {
  const { certificateChain = '', notBefore, notAfter, beginRefreshAt } = status;
  const chainAt = at.at('certificateChain');
  if (certificateChain.length > CHAIN_BYTES_MAX) return chainAt.tooLong(CHAIN_BYTES_MAX);
  const blocks = pemBlocks(certificateChain);
  const [first, ...others] = blocks;
  if (!first)
    return chainAt.invalid(certificateChain, 'issued certificate chain must contain at least one certificate');
  if (blocks.some(({ type }) => type !== 'CERTIFICATE'))
    return chainAt.invalid(
      certificateChain,
      'issued certificate chain must consist entirely of CERTIFICATE PEM blocks',
    );
  const leaf = contentOf(first.bytes);
  if (!leaf) return chainAt.invalid(certificateChain, 'leaf certificate does not parse as valid X.509');
  validateNames(leaf, chainAt);
  if (!equalBytes(leaf.publicKey, keyIn(spec.stubPKCS10Request)))
    return chainAt.invalid(certificateChain, 'leaf certificate was not issued to the requested public key');
  for (const [name, value] of [
    ['notBefore', notBefore],
    ['notAfter', notAfter],
  ] as const) {
    if (!value) at.at(name).required('must be present and consistent with the issued certificate');
  }
  if (!beginRefreshAt)
    at.at('beginRefreshAt').required('must be present and in the range [notbefore+10min, notafter-10min]');
  if (!notBefore || !notAfter || !beginRefreshAt) return;
  const problems = at.errors.length;
  validateTimes(
    { leaf, notBefore, notAfter, beginRefreshAt, secondsMax: spec.maxExpirationSeconds ?? DEFAULT_SECONDS },
    at,
    now,
  );
  if (at.errors.length === problems && others.some(({ bytes }) => !contentOf(bytes)))
    chainAt.invalid(certificateChain, 'intermediate certificate does not parse as valid X.509');
}

interface Times {
  readonly leaf: CertificateContent;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly beginRefreshAt: string;
  readonly secondsMax: number;
}

/** The first thing that is wrong. */
function validateTimes({ leaf, notBefore, notAfter, beginRefreshAt, secondsMax }: Times, at: Field, now: number): void {
  const [from, to, refresh] = [notBefore, notAfter, beginRefreshAt].map((text) => Date.parse(text)) as [
    number,
    number,
    number,
  ];
  if (from !== leaf.notBefore)
    return at.at('notBefore').invalid(notBefore, 'must be set to the NotBefore time encoded in the leaf certificate');
  if (Math.abs(from - now) > 5 * MINUTE_MS)
    return at.at('notBefore').invalid(notBefore, "must be set to within 5 minutes of kube-apiserver's current time");
  if (to !== leaf.notAfter)
    return at.at('notAfter').invalid(notAfter, 'must be set to the NotAfter time encoded in the leaf certificate');
  const seconds = (leaf.notAfter - leaf.notBefore) / 1000;
  if (seconds < EXPIRATION.min)
    return at.at('certificateChain').invalid(seconds, 'leaf certificate lifetime must be >= 1 hour');
  if (seconds > secondsMax)
    return at
      .at('certificateChain')
      .invalid(seconds, `leaf certificate lifetime must be <= spec.maxExpirationSeconds (${secondsMax})`);
  if (refresh < from + 10 * MINUTE_MS)
    return at.at('beginRefreshAt').invalid(beginRefreshAt, 'must be at least 10 minutes after status.notBefore');
  if (refresh > to - 10 * MINUTE_MS)
    at.at('beginRefreshAt').invalid(beginRefreshAt, 'must be at least 10 minutes before status.notAfter');
}

function validateNames({ dnsNames, emailAddresses }: CertificateContent, at: Field): void {
  for (const name of dnsNames) {
    if (name === '') at.invalid(name, 'leaf certificate should not contain empty DNSName');
    if (name.includes('..')) at.invalid(name, "leaf certificate's DNSName should not contain '..'");
    if (name.startsWith('.') || name.endsWith('.'))
      at.invalid(name, "leaf certificate's DNSName should not start or end with '.'");
  }
  for (const address of emailAddresses)
    if (!/^[^@\s]+@[^@\s]+$/.test(address))
      at.invalid(address, 'leaf certificate should not contain invalid EmailAddress');
}

function contentOf(der: Uint8Array): CertificateContent | undefined {
  try {
    return readCertificateContent(der);
  } catch {
    return undefined;
  }
}

const equalBytes = (a: Uint8Array, b: Uint8Array | undefined): boolean =>
  a.length === b?.length && a.every((byte, i) => byte === b[i]);
