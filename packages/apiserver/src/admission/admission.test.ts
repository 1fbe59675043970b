import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type StartedServer, startedServer, user } from '../testing/started-server.ts';

const NS = '/api/v1/namespaces/default';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const merge = { headers: { 'content-type': 'application/merge-patch+json' } };

async function withAccount(options: Parameters<typeof startedServer>[0] = []): Promise<StartedServer> {
  const server = await startedServer(options);
  await server.make(`${NS}/serviceaccounts`, { metadata: { name: 'default' } });
  return server;
}
const pod = (spec: object = {}, metadata: object = {}) => ({
  metadata: { name: 'p', ...metadata },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
});
const container = (resources: object) => ({ containers: [{ name: 'c', image: 'i', resources }] });

test('NamespaceLifecycle keeps the first namespaces and lets nothing into one that goes', async () => {
  const { ask, make } = await startedServer();
  for (const name of ['default', 'kube-system', 'kube-public']) {
    assert.equal(
      (await ask('DELETE', `/api/v1/namespaces/${name}`)).body.message,
      `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    );
  }
  await make('/api/v1/namespaces', { metadata: { name: 'n' } });
  await ask('DELETE', '/api/v1/namespaces/n');
  const { status, body } = await ask('POST', '/api/v1/namespaces/n/configmaps', { metadata: { name: 'a' } });
  assert.deepEqual(
    [status, body.message, body.details.causes[0].reason],
    [
      403,
      'configmaps "a" is forbidden: unable to create new content in namespace n because it is being terminated',
      'NamespaceTerminating',
    ],
  );
});

test('a namespace that is not there is what a pod is refused for, not the account that it would have there', async () => {
  const { ask } = await startedServer();
  for (const [plural, body] of [
    ['configmaps', { metadata: { name: 'p' } }],
    ['pods', pod()],
    ['pods?dryRun=All', pod({ containers: [] })],
  ] as const) {
    const { status, body: told } = await ask('POST', `/api/v1/namespaces/nowhere/${plural}`, body);
    assert.deepEqual([status, told.message], [404, 'namespaces "nowhere" not found']);
  }
});

test('LimitRanger fills in what containers leave open, and says so', async () => {
  const { make } = await withAccount();
  await make(`${NS}/limitranges`, {
    metadata: { name: 'l' },
    spec: { limits: [{ type: 'Container', default: { cpu: '1', memory: '1Gi' }, defaultRequest: { cpu: '100m' } }] },
  });
  const made = await make(`${NS}/pods`, pod(container({ limits: { memory: '2Gi' } })));
  assert.deepEqual(made.spec.containers[0].resources, {
    limits: { cpu: '1', memory: '2Gi' },
    requests: { cpu: '100m', memory: '2Gi' },
  });
  assert.equal(
    made.metadata.annotations['kubernetes.io/limit-ranger'],
    'LimitRanger plugin set: cpu request for container c; cpu limit for container c',
  );
});

test("LimitRanger refuses what is beyond the bounds, in upstream's words", async () => {
  const { ask, make } = await withAccount();
  await make(`${NS}/limitranges`, {
    metadata: { name: 'l' },
    spec: {
      limits: [
        { type: 'Container', max: { cpu: '1' }, min: { memory: '100Mi' } },
        { type: 'PersistentVolumeClaim', max: { storage: '1Gi' } },
      ],
    },
  });
  const { status, body } = await ask(
    'POST',
    `${NS}/pods`,
    pod(container({ limits: { cpu: '2' }, requests: { memory: '50Mi' } })),
  );
  assert.deepEqual(
    [status, body.message],
    [
      403,
      'pods "p" is forbidden: [minimum memory usage per Container is 100Mi, but request is 50Mi, maximum cpu usage per Container is 1, but limit is 2]',
    ],
  );
  const claim = {
    metadata: { name: 'c' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } },
  };
  assert.equal(
    (await ask('POST', `${NS}/persistentvolumeclaims`, claim)).body.message,
    'persistentvolumeclaims "c" is forbidden: maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi',
  );
});

test('LimitRanger holds changes of resources in place to the bounds, and fills nothing in by then', async () => {
  const { ask, make } = await withAccount();
  await make(`${NS}/pods`, pod(container({ requests: { cpu: '100m' } })));
  const limits = [{ type: 'Container', max: { cpu: '1' }, default: { cpu: '1', memory: '1Gi' } }];
  await make(`${NS}/limitranges`, { metadata: { name: 'l' }, spec: { limits } });
  const resize = (cpu: string) =>
    ask(
      'PATCH',
      `${NS}/pods/p/resize`,
      { spec: { containers: [{ name: 'c', resources: { requests: { cpu }, limits: { cpu } } }] } },
      { headers: { 'content-type': 'application/strategic-merge-patch+json' } },
    );
  assert.match((await resize('2')).body.message, /maximum cpu usage per Container is 1, but limit is 2/);
  assert.deepEqual((await resize('500m')).body.spec?.containers[0].resources.limits, { cpu: '500m' });
});

test('PodSecurity refuses by the enforced level and tells by the warned one', async () => {
  const { ask, make } = await withAccount();
  await ask(
    'PATCH',
    '/api/v1/namespaces/default',
    {
      metadata: {
        labels: { 'pod-security.kubernetes.io/enforce': 'baseline', 'pod-security.kubernetes.io/warn': 'restricted' },
      },
    },
    merge,
  );
  const { status, body } = await ask(
    'POST',
    `${NS}/pods`,
    pod({
      hostNetwork: true,
      containers: [
        { name: 'c', image: 'i', securityContext: { privileged: true, capabilities: { add: ['SYS_ADMIN'] } } },
      ],
      volumes: [{ name: 'v', hostPath: { path: '/' } }],
    }),
  );
  assert.deepEqual(
    [status, body.message],
    [
      403,
      'pods "p" is forbidden: violates PodSecurity "baseline:latest": non-default capabilities (container "c" must not include "SYS_ADMIN" in securityContext.capabilities.add), host namespaces (hostNetwork=true), hostPath volumes (volume "v"), privileged (container "c" must not set securityContext.privileged=true)',
    ],
  );
  const told = await ask('POST', `${NS}/pods`, pod());
  assert.equal(told.status, 201);
  assert.match(
    told.headers['warning'] ?? '',
    /^299 - "would violate PodSecurity \\"restricted:latest\\": allowPrivilegeEscalation != false \(container \\"c\\" must set securityContext.allowPrivilegeEscalation=false\), unrestricted capabilities \(container \\"c\\" must set securityContext.capabilities.drop=\[\\"ALL\\"\]\), runAsNonRoot != true \(pod or container \\"c\\" must set securityContext.runAsNonRoot=true\), seccompProfile \(pod or container \\"c\\" must set securityContext.seccompProfile.type to \\"RuntimeDefault\\" or \\"Localhost\\"\)"$/,
  );
  const template = await ask('POST', '/apis/apps/v1/namespaces/default/deployments', {
    metadata: { name: 'd' },
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  });
  assert.match(template.headers['warning'] ?? '', /would violate PodSecurity/);
  assert.equal(
    (
      await make(
        `${NS}/pods`,
        pod(
          {
            securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
            containers: [
              {
                name: 'c',
                image: 'i',
                securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
              },
            ],
          },
          { name: 'q' },
        ),
      )
    ).kind,
    'Pod',
  );
});

test("PodSecurity checks a namespace's labels and tells whom a stricter one would refuse", async () => {
  const { ask } = await withAccount();
  const label = (value: string) =>
    ask(
      'PATCH',
      '/api/v1/namespaces/default',
      { metadata: { labels: { 'pod-security.kubernetes.io/enforce': value } } },
      merge,
    );
  assert.match(
    (await label('strict')).body.message,
    /metadata.labels\[pod-security.kubernetes.io\/enforce\]: Invalid value: "strict": must be one of privileged, baseline, restricted$/,
  );
  await ask('POST', `${NS}/pods`, pod({ hostPID: true }));
  assert.match(
    (await label('baseline')).headers['warning'] ?? '',
    /existing pods in namespace \\"default\\" violate the new PodSecurity enforce level \\"baseline:latest\\"", 299 - "p: host namespaces"$/,
  );
});

test('PodSecurity holds ephemeral containers to the level too', async () => {
  const { ask, make } = await withAccount();
  await make(`${NS}/pods`, pod());
  await ask(
    'PATCH',
    '/api/v1/namespaces/default',
    { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } } },
    merge,
  );
  const strategic = { headers: { 'content-type': 'application/strategic-merge-patch+json' } };
  const debug = { spec: { ephemeralContainers: [{ name: 'd', image: 'i', securityContext: { privileged: true } }] } };
  assert.equal((await ask('PATCH', `${NS}/pods/p/ephemeralcontainers`, debug, strategic)).status, 403);
});

test("Priority is the class's, and nobody else's number", async () => {
  const { ask, make } = await withAccount();
  await make('/apis/scheduling.k8s.io/v1/priorityclasses', {
    metadata: { name: 'high' },
    value: 1000,
    globalDefault: true,
  });
  assert.equal((await make(`${NS}/pods`, pod())).spec.priority, 1000);
  assert.equal(
    (await make(`${NS}/pods`, pod({ priorityClassName: 'system-node-critical' }, { name: 'q' }))).spec.priority,
    2_000_001_000,
  );
  assert.match(
    (await ask('POST', `${NS}/pods`, pod({ priority: 2_000_001_000 }, { name: 'r' }))).body.message,
    /the integer value of priority \(2000001000\) must not be provided in pod spec/,
  );
  assert.equal(
    (await ask('POST', `${NS}/pods`, pod({ priorityClassName: 'none' }, { name: 'r' }))).body.message,
    'pods "r" is forbidden: no PriorityClass with name none was found',
  );
  const other = await ask('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', {
    metadata: { name: 'other' },
    value: 1,
    globalDefault: true,
  });
  assert.match(other.body.message, /PriorityClass high is already marked as default. Only one default can exist/);
  assert.equal(
    (await ask('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'system-x' }, value: 1 }))
      .status,
    422,
  );
  assert.equal((await ask('DELETE', '/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical')).status, 403);
});

test('default classes of storage and ingress are filled in, the newest first', async () => {
  const { make, pass } = await startedServer();
  const mark = (kind: string, value = 'true') => ({ [`${kind}.kubernetes.io/is-default-class`]: value });
  const storage = (name: string, annotations: object) =>
    make('/apis/storage.k8s.io/v1/storageclasses', { metadata: { name, annotations }, provisioner: 'x' });
  await storage('old', mark('storageclass'));
  pass(1000);
  await storage('new', mark('storageclass'));
  await storage('plain', mark('storageclass', 'false'));
  const claim = (name: string, spec: object = {}) =>
    make(`${NS}/persistentvolumeclaims`, {
      metadata: { name },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
    });
  assert.equal((await claim('a')).spec.storageClassName, 'new');
  assert.equal((await claim('b', { storageClassName: '' })).spec.storageClassName, '');
  await make('/apis/networking.k8s.io/v1/ingressclasses', {
    metadata: { name: 'i', annotations: mark('ingressclass') },
    spec: { controller: 'example.com/i' },
  });
  const made = await make('/apis/networking.k8s.io/v1/namespaces/default/ingresses', {
    metadata: { name: 'x' },
    spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } },
  });
  assert.equal(made.spec.ingressClassName, 'i');
});

test('RuntimeClass gives its overhead and placement, and must be there', async () => {
  const { ask, make } = await withAccount();
  await make('/apis/node.k8s.io/v1/runtimeclasses', {
    metadata: { name: 'vm' },
    handler: 'kata',
    overhead: { podFixed: { memory: '100Mi' } },
    scheduling: { nodeSelector: { vm: 'yes' }, tolerations: [{ key: 'vm', operator: 'Exists' }] },
  });
  const { spec } = await make(`${NS}/pods`, pod({ runtimeClassName: 'vm', nodeSelector: { a: 'b' } }));
  assert.deepEqual(
    [spec.overhead, spec.nodeSelector, spec.tolerations.some((t: any) => t.key === 'vm')],
    [{ memory: '100Mi' }, { a: 'b', vm: 'yes' }, true],
  );
  assert.equal(
    (await ask('POST', `${NS}/pods`, pod({ runtimeClassName: 'none' }, { name: 'q' }))).body.message,
    'pods "q" is forbidden: pod rejected: RuntimeClass "none" not found',
  );
  assert.match(
    (await ask('POST', `${NS}/pods`, pod({ runtimeClassName: 'vm', nodeSelector: { vm: 'no' } }, { name: 'q' }))).body
      .message,
    /conflict: runtimeClass.scheduling.nodeSelector\[vm\] = yes; pod.spec.nodeSelector\[vm\] = no/,
  );
});

test("a bound pod carries its node's zone and region", async () => {
  const { ask, make } = await withAccount();
  await make('/api/v1/nodes', {
    metadata: { name: 'n', labels: { 'topology.kubernetes.io/zone': 'z', 'topology.kubernetes.io/region': 'r' } },
  });
  await make(`${NS}/pods`, pod());
  assert.equal(
    (await ask('POST', `${NS}/pods/p/binding`, { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } }))
      .status,
    201,
  );
  assert.deepEqual((await ask('GET', `${NS}/pods/p`)).body.metadata.labels, {
    'topology.kubernetes.io/region': 'r',
    'topology.kubernetes.io/zone': 'z',
  });
});

test('a claim grows where it is bound and its class allows it', async () => {
  const { ask, make } = await startedServer();
  await make('/apis/storage.k8s.io/v1/storageclasses', {
    metadata: { name: 'grows' },
    provisioner: 'x',
    allowVolumeExpansion: true,
  });
  await make(`${NS}/persistentvolumeclaims`, {
    metadata: { name: 'c' },
    spec: { storageClassName: 'grows', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });
  const grow = () =>
    ask('PATCH', `${NS}/persistentvolumeclaims/c`, { spec: { resources: { requests: { storage: '2Gi' } } } }, merge);
  // Validation of the claim is before validating admission, as upstream's registry has it.
  assert.match(
    (await grow()).body.message,
    /^PersistentVolumeClaim "c" is invalid: spec: Forbidden: spec is immutable after creation except resources\.requests and volumeAttributesClassName for bound claims/,
  );
});

test('certificates: who approves needs the signer, and nobody asks for system:masters', async () => {
  const server = await startedServer([user('bob')]);
  await server.make(`${RBAC}/clusterroles`, {
    metadata: { name: 'approver' },
    rules: [
      {
        verbs: ['update', 'get'],
        apiGroups: ['certificates.k8s.io'],
        resources: [
          'certificatesigningrequests/approval',
          'certificatesigningrequests/status',
          'certificatesigningrequests',
        ],
      },
    ],
  });
  await server.make(`${RBAC}/clusterrolebindings`, {
    metadata: { name: 'approver' },
    roleRef: { kind: 'ClusterRole', name: 'approver' },
    subjects: [{ kind: 'User', name: 'bob' }],
  });
  const csr = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
  const request = (subject: string) => ({
    metadata: { name: subject.length === 1 ? subject : 'm' },
    spec: { signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'], request: REQUESTS[subject] },
  });
  assert.equal(
    (await server.ask('POST', csr, request('masters'))).body.message,
    'certificatesigningrequests.certificates.k8s.io "m" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
  );
  const made = await server.make(csr, request('x'));
  const approved = {
    ...made,
    status: { conditions: [{ type: 'Approved', status: 'True', reason: 'x', message: 'y' }] },
  };
  const refused = await server.ask('PUT', `${csr}/x/approval`, approved, { as: 'bob' });
  assert.equal(
    refused.body.message,
    'certificatesigningrequests.certificates.k8s.io "x" is forbidden: user not permitted to approve requests with signerName "kubernetes.io/kube-apiserver-client"',
  );
  await server.make(`${RBAC}/clusterrolebindings`, {
    metadata: { name: 'signer' },
    roleRef: { kind: 'ClusterRole', name: 'system:certificates.k8s.io:kube-apiserver-client-approver' },
    subjects: [{ kind: 'User', name: 'bob' }],
  });
  assert.equal((await server.ask('PUT', `${csr}/x/approval`, approved, { as: 'bob' })).status, 200);
  const { body } = await server.ask('GET', `${csr}/x`);
  const signed = await server.ask(
    'PUT',
    `${csr}/x/status`,
    { ...body, status: { ...body.status, certificate: CERTIFICATE } },
    { as: 'bob' },
  );
  assert.match(signed.body.message, /user not permitted to sign requests with signerName/);
});

/** Of nobody. */
const CERTIFICATE =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJCakNCcnFBREFnRUNBaEJWejdCK2ZxTFMzSFZEOEJUc243UndNQW9HQ0NxR1NNNDlCQU1DTUFBd0hoY04KTWpZeE1USXhNVEl3TURBd1doY05Nall4TVRJeU1USXdNREF3V2pBQU1Db3dCUVlESzJWd0F5RUFPWGkxRTJsZgpQMndIUHc4dUR4UU9vZ1ppeFZLcmU0WUZYWmp3UkNNVVNmMmpPVEEzTURVR0ExVWRFUVF1TUN5Q0RXRXVaWGhoCmJYQnNaUzVqYjIyQkRYaEFaWGhoYlhCc1pTNWpiMjJHREhOd2FXWm1aVG92TDJNdmVEQUtCZ2dxaGtqT1BRUUQKQWdOSEFEQkVBaUJaYXhFRnUzSXhVTU9qNDNyQ3RGT1FqNFRiYUJaS1lTT2w2cDFYYThpMjhRSWdDMWF0T2VjeQpJVjRlTlhoZzVaaXNTWkVuZXdsc1dJTTloMlExN2NqWDBJST0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=';

// Made with `openssl req -new -subj /O=system:masters/CN=x` and /O=dev/CN=x; the keys are gone.
const REQUESTS: Readonly<Record<string, string>> = {
  masters:
    'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIaE1JR0hBZ0VBTUNVeEZ6QVZCZ05WQkFvTURuTjVjM1JsYlRwdFlYTjBaWEp6TVFvd0NBWURWUVFEREFGNApNRmt3RXdZSEtvWkl6ajBDQVFZSUtvWkl6ajBEQVFjRFFnQUVXODJwNStwaldSOFdZWkRCNk9Rak5TeVAzT0lwCjVtdllTT1lvN1Z6RHhqR25TclNKeC9RcFFIa0hCSTJxdTNWakF1SWZNT3p0VXI4TGJWMy9Mdkk2SzZBQU1Bb0cKQ0NxR1NNNDlCQU1DQTBrQU1FWUNJUUNoajRvOEhKZjd0RUZNdkRNSEgvY1c1aU1WbzVObGI0L01kK1dXRFNROQpJd0loQUx1MGVjOERhZUZmR3dKbkxGRTZNQTM1dHY2Q0JuelE0Z2pYVFdhTEpUWisKLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==',
  x: 'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIVk1Id0NBUUF3R2pFTU1Bb0dBMVVFQ2d3RFpHVjJNUW93Q0FZRFZRUUREQUY0TUZrd0V3WUhLb1pJemowQwpBUVlJS29aSXpqMERBUWNEUWdBRVc4MnA1K3BqV1I4V1laREI2T1FqTlN5UDNPSXA1bXZZU09ZbzdWekR4akduClNyU0p4L1FwUUhrSEJJMnF1M1ZqQXVJZk1PenRVcjhMYlYzL0x2STZLNkFBTUFvR0NDcUdTTTQ5QkFNQ0Ewa0EKTUVZQ0lRQ05pZ2VFNkdNTDJWM1lxZXBQS0p4ZVc4VGk3RWVSQmpQZHVvN0ZqQzRtcUFJaEFOeHoybXBLYkVFTgpMUE1ORTlxeHBxVUxEUDk3V3Z3MVdPSzhLUGgwMHB2ZAotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K',
};

test("administrators' access to devices is for namespaces that have it", async () => {
  const { ask, make } = await withAccount();
  const claims = '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims';
  const requests = [{ name: 'r', exactly: { deviceClassName: 'c', adminAccess: true } }];
  assert.equal(
    (await ask('POST', claims, { metadata: { name: 'a' }, spec: { devices: { requests } } })).body.message,
    'ResourceClaim.resource.k8s.io "a" is invalid: spec.devices.requests[0].adminAccess: Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace',
  );
  await make('/api/v1/namespaces', {
    metadata: { name: 'admin', labels: { 'resource.kubernetes.io/admin-access': 'true' } },
  });
  await make('/apis/resource.k8s.io/v1/namespaces/admin/resourceclaims', {
    metadata: { name: 'a' },
    spec: { devices: { requests } },
  });
});

test('each part of the status of a claim needs a right of its own', async () => {
  const { ask, make } = await withAccount([user('driver')]);
  const claim = '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims';
  await make(claim, {
    metadata: { name: 'a' },
    spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c' } }] } },
  });
  const rules = [{ apiGroups: ['resource.k8s.io'], resources: ['resourceclaims/status'], verbs: ['update', 'patch'] }];
  await make(`${RBAC}/clusterroles`, { metadata: { name: 'd' }, rules });
  await make(`${RBAC}/clusterrolebindings`, {
    metadata: { name: 'd' },
    subjects: [{ kind: 'User', name: 'driver', apiGroup: 'rbac.authorization.k8s.io' }],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'd' },
  });
  const device = { driver: 'd.io', pool: 'p', device: 'x' };
  const status = { allocation: { devices: { results: [{ request: 'r', ...device }] } }, devices: [device] };
  const answer = await ask('PATCH', `${claim}/a/status`, { status }, { ...merge, as: 'driver' });
  assert.deepEqual(
    [answer.status, answer.body.details.causes.map(({ message }: { message: string }) => message)],
    [
      422,
      [
        'Forbidden: changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="patch" permission: resourceclaims.resource.k8s.io is forbidden: User "driver" cannot patch resource "resourceclaims/binding" in API group "resource.k8s.io" at the cluster scope',
        'Forbidden: changing status.devices requires resource="resourceclaims/driver", verb="[arbitrary-node:patch]" permission: resourceclaims.resource.k8s.io "d.io" is forbidden: User "driver" cannot arbitrary-node:patch resource "resourceclaims/driver" in API group "resource.k8s.io" in the namespace "default"',
      ],
    ],
  );
  assert.equal((await ask('PATCH', `${claim}/a/status`, { status }, merge)).status, 200);

  // Whoever takes the devices back takes with them what was said of them: schedulers have no right to say anything.
  const binding = [...rules, { apiGroups: ['resource.k8s.io'], resources: ['resourceclaims/binding'], verbs: ['*'] }];
  await ask('PATCH', `${RBAC}/clusterroles/d`, { rules: binding }, merge);
  const saidNoMore = await ask('PATCH', `${claim}/a/status`, { status: { devices: null } }, { ...merge, as: 'driver' });
  assert.equal(saidNoMore.status, 422);
  const freed = await ask('PATCH', `${claim}/a/status`, { status: { allocation: null } }, { ...merge, as: 'driver' });
  assert.deepEqual([freed.status, freed.body.status], [200, {}]);
});
