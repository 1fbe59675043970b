import {
  cloneJson,
  dnsLabelErrors,
  dnsSubdomainErrors,
  type Field,
  type HookContext,
  type Kind,
  type Mutable,
  pemBlocks,
  requestProblem,
} from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { bytesOf, each, unique } from '../../checks/values.ts';
import { columnsOf, humanDuration } from '../../columns.ts';
import type { CertificateSigningRequest } from '../../generated/types/certificates-v1.ts';

type Condition = NonNullable<CertificateSigningRequest['status']['conditions']>[number];

const DECISIONS = ['Approved', 'Denied'];
const TRUE_ONLY = [...DECISIONS, 'Failed'];
const SECONDS_MIN = 600;
const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown';

const DOMAIN_MAX = 253;
const SIGNER_MAX = 571;
const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];

/** A request for a certificate: who asks is what the server knows, what is decided comes by subresources (KEP-1513). */
export const certificateSigningRequest: Kind<CertificateSigningRequest> = builtIn<CertificateSigningRequest>(
  'certificates.k8s.io/v1.CertificateSigningRequest',
  {
    columns: columnsOf('certificates.k8s.io/CertificateSigningRequest', {
      SignerName: ({ spec }) => spec.signerName || '<none>',
      Requestor: ({ spec }) => spec.username ?? '',
      RequestedDuration: ({ spec }) =>
        spec.expirationSeconds === undefined ? '<none>' : humanDuration(spec.expirationSeconds * 1000),
      Condition: stateText,
    }),
    selectableFields: { 'spec.signerName': ({ spec }) => spec.signerName },
    behaviour: {
      desired: false,
      prepareCreate(draft, { user }) {
        draft.status = {};
        const { username: _, uid: __, groups: ___, extra: ____, ...rest } = draft.spec;
        draft.spec = {
          ...rest,
          username: user.name,
          groups: [...user.groups],
          ...(user.uid ? { uid: user.uid } : {}),
          ...(user.extra
            ? { extra: cloneJson(user.extra) as Mutable<NonNullable<CertificateSigningRequest['spec']['extra']>> }
            : {}),
        };
      },
      prepareUpdate(draft, previous) {
        draft.spec = cloneJson(previous.spec) as Mutable<CertificateSigningRequest['spec']>;
      },
      validateName: () => [],
      validate: ({ spec }, at) => validateSpec(spec, at.at('spec')),
      parts: {
        approval: {
          merge: (sent, previous) => ({
            ...(cloneJson(previous) as Mutable<CertificateSigningRequest>),
            metadata: sent.metadata,
            status: {
              ...(previous.status.certificate ? { certificate: previous.status.certificate } : {}),
              ...(sent.status.conditions ? { conditions: sent.status.conditions } : {}),
            },
          }),
          prepare: stampConditions,
          validate: (next, previous, at) => validateConditions(next, previous, at.at('status', 'conditions'), true),
        },
        status: {
          merge: (sent, previous) => ({
            ...(cloneJson(previous) as Mutable<CertificateSigningRequest>),
            metadata: sent.metadata,
            status: sent.status,
          }),
          prepare(draft, previous, context) {
            keepDecisions(draft, previous);
            stampConditions(draft, previous, context);
          },
          validate(next, previous, at) {
            const [{ certificate }, { certificate: before }, here] = [
              next.status,
              previous.status,
              at.at('status', 'certificate'),
            ];
            validateConditions(next, previous, at.at('status', 'conditions'), false);
            if (certificate && certificate !== before && problemWith(before) === undefined) {
              const problem = problemWith(certificate);
              if (problem !== undefined) here.invalid('<certificate data>', problem);
            }
            if (before && certificate !== before) here.forbidden('updates may not modify existing certificate content');
          },
        },
      },
    },
  },
);

function stateText({ status }: CertificateSigningRequest): string {
  const has = (type: string): boolean => status.conditions?.some((condition) => condition.type === type) ?? false;
  return [
    has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending',
    ...(has('Failed') ? ['Failed'] : []),
    ...(status.certificate ? ['Issued'] : []),
  ].join(',');
}

/** A condition without times gets them: of now, or those it had when its status is as it was. */
function stampConditions(
  draft: Mutable<CertificateSigningRequest>,
  previous: CertificateSigningRequest,
  { now }: HookContext,
): void {
  const at = `${new Date(now).toISOString().slice(0, 19)}Z`;
  for (const condition of draft.status.conditions ?? []) {
    const before = previous.status.conditions?.find(({ type }) => type === condition.type);
    condition.lastUpdateTime ??= at;
    condition.lastTransitionTime ??= before?.status === condition.status ? (before.lastTransitionTime ?? at) : at;
  }
}

/** Decisions stay as they are where as many are sent: whoever signs does not decide. */
function keepDecisions({ status }: Mutable<CertificateSigningRequest>, previous: CertificateSigningRequest): void {
  const conditions = status.conditions ?? [];
  for (const type of DECISIONS) {
    const before = (previous.status.conditions ?? []).filter((condition) => condition.type === type);
    const places = [...conditions.keys()].filter((i) => conditions[i]?.type === type);
    if (before.length !== places.length) continue;
    places.forEach((place, i) => {
      conditions[place] = cloneJson(before[i]) as Mutable<Condition>;
    });
  }
}

function validateSpec(spec: CertificateSigningRequest['spec'], at: Field): void {
  validateRequest(spec.request, at.at('request'));
  if (!spec.usages?.length) at.at('usages').required();
  each(spec.usages, at.at('usages'), (usage, here) => {
    if (!USAGES.includes(usage)) here.notSupported(usage, USAGES);
  });
  unique(spec.usages, (usage) => usage, at.at('usages'));
  if (spec.signerName === LEGACY_SIGNER)
    at.at('signerName').invalid(spec.signerName, 'the legacy signerName is not allowed via this API version');
  else signerName(spec.signerName, at.at('signerName'));
  if (spec.expirationSeconds !== undefined && spec.expirationSeconds < SECONDS_MIN) {
    at.at('expirationSeconds').invalid(
      spec.expirationSeconds,
      'may not specify a duration less than 600 seconds (10 minutes)',
    );
  }
}

/** `domain/path`: who signs. */
export function signerName(name: string, at: Field): void {
  if (!name) return at.required();
  const [domain = '', path, ...more] = name.split('/');
  if (path === undefined || more.length > 0)
    return at.invalid(name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
  if (bytesOf(domain) > DOMAIN_MAX) at.tooLong(DOMAIN_MAX);
  labels(domain, dnsLabelErrors, at);
  if (!domain.includes('.')) at.invalid(domain, 'should be a domain with at least two segments separated by dots');
  labels(path, dnsSubdomainErrors, at);
  if (bytesOf(name) > SIGNER_MAX) at.tooLong(SIGNER_MAX);
}

/** What is wrong with the first label that is wrong: the others would be told the same. */
function labels(text: string, errorsOf: (label: string) => readonly string[], at: Field): void {
  for (const label of text.split('.')) {
    const errors = errorsOf(label);
    for (const error of errors) at.invalid(text, `validating label ${JSON.stringify(label)}: ${error}`);
    if (errors.length > 0) return;
  }
}

/** Whether it is signed by its key, the host looks at. */
function validateRequest(encoded: string, at: Field): void {
  const [block] = pemBlocks(textOf(encoded));
  const problem =
    block?.type === 'CERTIFICATE REQUEST' ? requestProblem(block.bytes) : 'PEM block type must be CERTIFICATE REQUEST';
  if (problem !== undefined) at.invalid(encoded, problem);
}

function textOf(encoded: string): string {
  try {
    return atob(encoded);
  } catch {
    return '';
  }
}

/** Why these are no certificates; their insides are for those who use them. */
function problemWith(encoded: string | undefined): string | undefined {
  if (!encoded) return undefined;
  const blocks = [...textOf(encoded).matchAll(/-----BEGIN ([^\n-]+)-----([\s\S]*?)-----END \1-----/g)];
  for (const [, type, body = ''] of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
    if (body.includes(':')) return 'no PEM block headers are permitted';
  }
  return blocks.length === 0 ? 'must contain at least one CERTIFICATE PEM block' : undefined;
}

/** A decision is made through `approval` alone, and never taken back; nor is a failure. */
function validateConditions(
  next: CertificateSigningRequest,
  previous: CertificateSigningRequest,
  at: Field,
  mayDecide: boolean,
): void {
  const [now, before] = [next.status.conditions ?? [], previous.status.conditions ?? []];
  const of = (conditions: readonly Condition[], type: string): readonly Condition[] =>
    conditions.filter((condition) => condition.type === type);
  const wereBoth = DECISIONS.every((type) => of(before, type).length > 0);
  now.forEach(({ type, status }, i) => {
    const place = at.index(i);
    if (type === '' && of(before, '').length === 0) place.at('type').required();
    const statuses = TRUE_ONLY.includes(type) ? ['True'] : ['False', 'True', 'Unknown'];
    if (status === '') place.at('status').required();
    else if (!statuses.includes(status)) place.at('status').notSupported(status, statuses);
    const other = DECISIONS.find((one) => one !== type);
    if (!wereBoth && DECISIONS.includes(type) && now.slice(0, i).some((one) => one.type === other))
      at.invalid(type, 'Approved and Denied conditions are mutually exclusive');
    if (
      now.findIndex((one) => one.type === type) !== i &&
      !before.some((one, k) => before.findIndex((first) => first.type === one.type) !== k)
    )
      place.at('type').duplicate(type);
  });
  for (const type of TRUE_ONLY)
    if (of(now, type).length < of(before, type).length)
      at.forbidden(`updates may not remove a condition of type ${JSON.stringify(type)}`);
  for (const type of mayDecide ? [] : DECISIONS) {
    if (of(now, type).length > of(before, type).length)
      at.forbidden(`updates may not add a condition of type ${JSON.stringify(type)}`);
  }
}
