import {
  cloneJson, dnsLabelErrors, dnsSubdomainErrors, equalJson, type Field, type HookContext, type Kind, type Mutable,
} from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { each, named } from '../../checks/values.ts';
import { columnsOf, humanDuration } from '../../columns.ts';
import type { CertificateSigningRequest } from '../../generated/types/certificates-v1.ts';

type Condition = NonNullable<CertificateSigningRequest['status']['conditions']>[number];

const DECISIONS = ['Approved', 'Denied'];
const SECONDS_MIN = 600;
const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown';

const SIGNER_MAX = 571;
const USAGES = [
  'any', 'cert sign', 'client auth', 'code signing', 'content commitment', 'crl sign', 'data encipherment', 'decipher only', 'digital signature',
  'email protection', 'encipher only', 'ipsec end system', 'ipsec tunnel', 'ipsec user', 'key agreement', 'key encipherment', 'microsoft sgc',
  'netscape sgc', 'ocsp signing', 's/mime', 'server auth', 'signing', 'timestamping',
];

/** A request for a certificate: who asks is what the server knows, what is decided comes by subresources (KEP-1513). */
export const certificateSigningRequest: Kind<CertificateSigningRequest> = builtIn<CertificateSigningRequest>('certificates.k8s.io/v1.CertificateSigningRequest', {
  columns: columnsOf('certificates.k8s.io/CertificateSigningRequest', {
    SignerName: ({ spec }) => spec.signerName || '<none>',
    Requestor: ({ spec }) => spec.username ?? '',
    RequestedDuration: ({ spec }) => (spec.expirationSeconds === undefined ? '<none>' : humanDuration(spec.expirationSeconds * 1000)),
    Condition: stateText,
  }),
  selectableFields: { 'spec.signerName': ({ spec }) => spec.signerName },
  behaviour: {
    desired: false,
    prepareCreate(draft, { user }) {
      draft.status = {};
      const { username: _, uid: __, groups: ___, extra: ____, ...rest } = draft.spec;
      draft.spec = {
        ...rest, username: user.name, groups: [...user.groups], ...(user.uid ? { uid: user.uid } : {}),
        ...(user.extra ? { extra: cloneJson(user.extra) as Mutable<NonNullable<CertificateSigningRequest['spec']['extra']>> } : {}),
      };
    },
    prepareUpdate(draft, previous) {
      draft.spec = cloneJson(previous.spec) as Mutable<CertificateSigningRequest['spec']>;
    },
    validate: ({ spec }, at) => validateSpec(spec, at.at('spec')),
    parts: {
      approval: {
        merge: (sent, previous) => ({
          ...cloneJson(previous) as Mutable<CertificateSigningRequest>, metadata: sent.metadata,
          status: { ...(previous.status.certificate ? { certificate: previous.status.certificate } : {}), ...(sent.status.conditions ? { conditions: sent.status.conditions } : {}) },
        }),
        prepare: stampConditions,
        validate: (next, previous, at) => validateConditions(next, previous, at.at('status', 'conditions'), true),
      },
      status: {
        merge: (sent, previous) => ({ ...cloneJson(previous) as Mutable<CertificateSigningRequest>, metadata: sent.metadata, status: sent.status }),
        prepare: stampConditions,
        validate(next, previous, at) {
          validateConditions(next, previous, at.at('status', 'conditions'), false);
          if (previous.status.certificate && next.status.certificate !== previous.status.certificate) at.at('status', 'certificate').forbidden('updates may not modify existing certificate content');
        },
      },
    },
  },
});

function stateText({ status }: CertificateSigningRequest): string {
  const has = (type: string): boolean => status.conditions?.some((condition) => condition.type === type) ?? false;
  return [has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending', ...(has('Failed') ? ['Failed'] : []), ...(status.certificate ? ['Issued'] : [])].join(',');
}

/** A condition without times gets them: of now, or those it had when its status is as it was. */
function stampConditions(draft: Mutable<CertificateSigningRequest>, previous: CertificateSigningRequest, { now }: HookContext): void {
  const at = `${new Date(now).toISOString().slice(0, 19)}Z`;
  for (const condition of draft.status.conditions ?? []) {
    const before = previous.status.conditions?.find(({ type }) => type === condition.type);
    condition.lastUpdateTime ??= at;
    condition.lastTransitionTime ??= before?.status === condition.status ? before.lastTransitionTime ?? at : at;
  }
}

function validateSpec(spec: CertificateSigningRequest['spec'], at: Field): void {
  if (!isRequest(spec.request)) at.at('request').invalid(spec.request, 'PEM block type must be CERTIFICATE REQUEST');
  if (!spec.usages?.length) at.at('usages').required();
  each(spec.usages, at.at('usages'), (usage, here, i) => {
    if (!USAGES.includes(usage)) here.notSupported(usage, USAGES);
    if (spec.usages?.indexOf(usage) !== i) here.duplicate(usage);
  });
  if (spec.signerName === LEGACY_SIGNER) at.at('signerName').invalid(spec.signerName, 'the legacy signerName is not allowed via this API version');
  else signerName(spec.signerName, at.at('signerName'));
  if (spec.expirationSeconds !== undefined && spec.expirationSeconds < SECONDS_MIN) {
    at.at('expirationSeconds').invalid(spec.expirationSeconds, 'may not specify a duration less than 600 seconds (10 minutes)');
  }
}

/** `domain/path`: who signs. */
export function signerName(name: string, at: Field): void {
  if (!name) return at.required();
  const [domain = '', path, ...more] = name.split('/');
  if (path === undefined || more.length > 0) return at.invalid(name, 'must be a fully qualified domain and path of the form "example.com/signer-name"');
  named(domain, dnsSubdomainErrors, at);
  if (!domain.includes('.')) at.invalid(domain, 'should be a domain with at least two segments separated by dots');
  for (const part of path.split('.')) named(part, dnsLabelErrors, at);
  if (name.length > SIGNER_MAX) at.tooLong(SIGNER_MAX);
}

function isRequest(encoded: string): boolean {
  try {
    return /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----/.test(atob(encoded));
  } catch {
    return false;
  }
}

/** A decision is made through `approval` alone, and never taken back; nor is a failure. */
function validateConditions(next: CertificateSigningRequest, previous: CertificateSigningRequest, at: Field, mayDecide: boolean): void {
  const [now, before] = [next.status.conditions ?? [], previous.status.conditions ?? []];
  const of = (conditions: readonly Condition[], type: string): Condition | undefined => conditions.find((condition) => condition.type === type);
  for (const type of [...DECISIONS, 'Failed']) if (of(before, type) && !of(now, type)) at.forbidden(`updates may not remove a condition of type ${JSON.stringify(type)}`);
  for (const type of mayDecide ? [] : DECISIONS) {
    if (of(now, type) && !of(before, type)) at.forbidden(`updates may not add a condition of type ${JSON.stringify(type)}`);
    else if (of(now, type) && of(before, type) && !equalJson(of(now, type), of(before, type))) at.forbidden(`updates may not modify a condition of type ${JSON.stringify(type)}`);
  }
  for (const [i, condition] of now.entries()) {
    const place = at.index(i);
    if (condition.type === '') place.at('type').required();
    else if (now.findIndex(({ type }) => type === condition.type) !== i) place.at('type').duplicate(condition.type);
    if (condition.status === '') place.at('status').required();
    else if ([...DECISIONS, 'Failed'].includes(condition.type) && condition.status !== 'True') place.at('status').notSupported(condition.status, ['True']);
  }
  if (of(now, 'Approved') && of(now, 'Denied')) at.index(now.findIndex(({ type }) => type === 'Denied')).at('type').invalid('Denied', 'Approved and Denied conditions are mutually exclusive');
}
