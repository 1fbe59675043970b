import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { answer, bodyOf, serveHttp, urlOf } from '../http.ts';
import { defineRole, log } from '../role.ts';

/** What a test's objects may hold, as far as judges look. */
interface Judged {
  readonly metadata?: { readonly name?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: { readonly initContainers?: readonly Named[]; readonly containers?: readonly Named[] };
  readonly stdin?: boolean;
  readonly container?: string;
}

interface Named {
  readonly name: string;
}

interface ReviewRequest {
  readonly uid: string;
  readonly name?: string;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly object?: Judged | null;
  readonly oldObject?: Judged | null;
}

interface Verdict {
  readonly allowed: boolean;
  readonly status?: {
    readonly message?: string;
    readonly reason?: string;
    readonly code?: number;
    readonly status?: string;
  };
  readonly patch?: readonly object[];
}

type Judge = (request: ReviewRequest) => Verdict | Promise<Verdict>;

const MARK = 'webhook-e2e-test';
const ALLOWED: Verdict = { allowed: true };
const denied = (message: string): Verdict => ({ allowed: false, status: { message } });
const deniedFor = (reason: string): Verdict => ({ allowed: false, status: { reason } });
const patched = (patch: readonly object[]): Verdict => (patch.length > 0 ? { allowed: true, patch } : ALLOWED);

/** Unwanted data may neither come in nor, where it is said to stay, go. */
const judgeData =
  (unwanted: string, undeletable: string): Judge =>
  ({ operation, object, oldObject }) => {
    const mark = (operation === 'DELETE' ? oldObject : object)?.data?.[MARK];
    if (mark === 'webhook-disallow' && (operation === 'CREATE' || operation === 'UPDATE')) return deniedFor(unwanted);
    return mark === 'webhook-nondeletable' && operation === 'DELETE' ? deniedFor(undeletable) : ALLOWED;
  };

/** Two stages, so that two webhooks in a row leave two marks. */
const mutateData: Judge = ({ object }) => {
  const stage = (n: number): object => ({ op: 'add', path: `/data/mutation-stage-${n}`, value: 'yes' });
  if (object?.data?.['mutation-stage-1'] === 'yes') return patched([stage(2)]);
  return patched(object?.data?.['mutation-start'] === 'yes' ? [stage(1)] : []);
};

const judgePod: Judge = async ({ object }) => {
  const label = object?.metadata?.labels?.[MARK];
  if (label === 'wait-forever') await new Promise(() => undefined);
  const problems = [
    ...(label === 'webhook-disallow' ? ['the pod contains unwanted label;'] : []),
    ...(object?.spec?.containers ?? [])
      .filter(({ name }) => name.includes('webhook-disallow'))
      .map(() => 'the pod contains unwanted container name;'),
  ];
  return problems.length > 0 ? denied(problems.join(' ')) : ALLOWED;
};

const judgeAttachment: Judge = ({ name, object }) =>
  name === 'to-be-attached-pod' && object?.stdin === true && object.container === 'container1'
    ? denied("attaching to pod 'to-be-attached-pod' is not allowed")
    : ALLOWED;

const addInitContainer: Judge = ({ object }) => {
  const name = 'webhook-added-init-container';
  const isDone =
    object?.metadata?.name !== 'webhook-to-be-mutated' ||
    object.spec?.initContainers?.some((container) => container.name === name) === true;
  return patched(
    isDone
      ? []
      : [{ op: 'add', path: '/spec/initContainers', value: [{ image: 'webhook-added-image', name, resources: {} }] }],
  );
};

const addSidecar =
  (image: string): Judge =>
  ({ object }) => {
    if (image === '')
      return {
        allowed: false,
        status: { status: 'Failure', message: 'No image specified by the sidecar-image parameter', code: 500 },
      };
    const name = 'webhook-added-sidecar';
    const isDone = object?.spec?.containers?.some((container) => container.name === name) === true;
    return patched(isDone ? [] : [{ op: 'add', path: '/spec/containers/-', value: { image, name, resources: {} } }]);
  };

const addLabel: Judge = ({ object }) => {
  const labels = object?.metadata?.labels;
  if (!labels) return patched([{ op: 'add', path: '/metadata/labels', value: { 'added-label': 'yes' } }]);
  return patched(
    labels['added-label'] === 'yes' ? [] : [{ op: 'add', path: '/metadata/labels/added-label', value: 'yes' }],
  );
};

const judgesOf = (sidecarImage: string): Readonly<Record<string, Judge>> => ({
  '/always-allow-delay-5s': async () => {
    await sleep(5000);
    return ALLOWED;
  },
  '/always-deny': () => denied('this webhook denies all requests'),
  '/add-label': addLabel,
  '/pods': judgePod,
  '/pods/attach': judgeAttachment,
  '/mutating-pods': addInitContainer,
  '/mutating-pods-sidecar': addSidecar(sidecarImage),
  '/configmaps': judgeData(
    'the configmap contains unwanted key and value',
    'the configmap cannot be deleted because it contains unwanted key and value',
  ),
  '/mutating-configmaps': mutateData,
  '/custom-resource': judgeData(
    'the custom resource contains unwanted data',
    'the custom resource cannot be deleted because it contains unwanted key and value',
  ),
  '/mutating-custom-resource': mutateData,
  '/crd': ({ object }) =>
    object?.metadata?.labels?.[MARK] === 'webhook-disallow' ? denied('the crd contains unwanted label') : ALLOWED,
});

/** Judges and changes what the API server shows it before it is stored (admission.k8s.io/v1 and v1beta1). */
export const webhook = defineRole({
  name: 'webhook',
  flags: { 'tls-cert-file': '', 'tls-private-key-file': '', port: '443', 'sidecar-image': '' },
  run({ flags }) {
    const judges = judgesOf(flags.text('sidecar-image'));
    serveHttp(
      {
        port: flags.number('port'),
        certFile: flags.text('tls-cert-file'),
        keyFile: flags.text('tls-private-key-file'),
      },
      (request, response) => {
        const path = urlOf(request).pathname;
        const judge = judges[path];
        if (path === '/readyz') return answer(response, 200, 'ok');
        if (!judge) return answer(response, 404, '404 page not found\n');
        const work = async (): Promise<void> => review(response, judge, (await bodyOf(request)).toString());
        work().catch((error: unknown) => answer(response, 400, `Request could not be decoded: ${String(error)}\n`));
      },
    );
  },
});

async function review(response: ServerResponse, judge: Judge, body: string): Promise<void> {
  log(`handling request: ${body}`);
  const { apiVersion, kind, request } = JSON.parse(body) as {
    readonly apiVersion: string;
    readonly kind: string;
    readonly request: ReviewRequest;
  };
  const { patch, ...verdict } = await judge(request);
  const encoded = patch ? { patch: Buffer.from(JSON.stringify(patch)).toString('base64'), patchType: 'JSONPatch' } : {};
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ apiVersion, kind, response: { uid: request.uid, ...verdict, ...encoded } }));
}
