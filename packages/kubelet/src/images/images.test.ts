import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TokenRate } from '@navarch/base';
import type { Pod, Secret } from '@navarch/api';
import { SimClock } from '@navarch/sim';
import type { ContainerRuntime, Image, PullImageRequest } from '../cri/index.ts';
import { RpcError } from '../rpc/rpc-error.ts';
import { StartError } from '../start-error.ts';
import { memoryFiles, type MemoryFiles } from '../volumes/testing/memory-files.ts';
import { credentialsFor } from './credentials.ts';
import { goDuration } from './go-duration.ts';
import { type HeldImage, Images } from './images.ts';
import { PullRecords } from './pull-records.ts';
import { fullReference, referenceProblem } from './reference.ts';

const pod = { metadata: { uid: 'u' } } as unknown as Pod;
const image = (id: string, more: object = {}): Image => ({
  id,
  repoTags: [],
  repoDigests: [],
  size: 1234,
  username: '',
  pinned: false,
  ...more,
});

/** A runtime with some images, whose pulls take their time and end as told. */
class Registry {
  readonly clock = new SimClock();
  readonly events: string[] = [];
  readonly pulls: string[] = [];
  readonly files: MemoryFiles;
  readonly present: Map<string, Image>;
  readonly images: Images;
  pulling = 0;
  pullingMax = 0;
  refuse: (request: Parameters<ContainerRuntime['pullImage']>[0]) => Error | undefined = () => undefined;

  constructor(files = memoryFiles(), present = new Map<string, Image>(), pullRate?: TokenRate) {
    this.files = files;
    this.present = present;
    const runtime = {
      imageStatus: async ({ image: spec }: PullImageRequest) => ({ image: present.get(spec?.image ?? '') }),
      pullImage: (request: PullImageRequest) => this.#pull(request),
    };
    this.images = new Images({
      clock: this.clock,
      files,
      dirs: { root: '/kubelet' },
      runtime: runtime as unknown as ContainerRuntime,
      ...(pullRate ? { pullRate } : {}),
    });
  }

  async #pull(request: PullImageRequest): Promise<{ imageRef: string }> {
    this.pulling += 1;
    this.pullingMax = Math.max(this.pullingMax, this.pulling);
    this.pulls.push(`${request.image?.image} as ${request.auth?.username ?? 'nobody'}`);
    await this.clock.sleep(1500, new AbortController().signal);
    this.pulling -= 1;
    const problem = this.refuse(request);
    if (problem) throw problem;
    const id = `sha256:${request.image?.image}`;
    this.present.set(request.image?.image ?? '', image(id));
    this.present.set(id, image(id));
    return { imageRef: id };
  }

  /** The same machine with a kubelet that has just begun. */
  restarted(): Registry {
    const next = new Registry(this.files, this.present);
    next.refuse = this.refuse;
    return next;
  }

  ensure(
    name: string,
    policy: 'Always' | 'IfNotPresent' | 'Never',
    secrets: readonly Secret[] = [],
  ): Promise<HeldImage> {
    return this.images.ensure(
      {
        pod,
        image: name,
        policy,
        secrets,
        event: (type, reason, message) => this.events.push(`${type} ${reason}: ${message}`),
      },
      new AbortController().signal,
    );
  }

  /** `reason: message` of the refusal, the id of the image otherwise; time passes meanwhile. */
  async outcome(
    name: string,
    policy: 'Always' | 'IfNotPresent' | 'Never',
    secrets: readonly Secret[] = [],
  ): Promise<string> {
    const work = this.ensure(name, policy, secrets).then(
      ({ ref }) => ref,
      (error: StartError) => `${error.reason}: ${error.message}`,
    );
    await this.clock.advance(1500);
    return work;
  }
}

test('Images.ensure() takes what is there and pulls what is not', async () => {
  const registry = new Registry();
  registry.present.set('docker.io/library/here:1', image('sha256:here', { uid: { value: 7 } }));
  assert.deepEqual(await registry.ensure('here:1', 'IfNotPresent'), { ref: 'sha256:here', uid: 7, username: '' });
  assert.equal(await registry.outcome('there', 'IfNotPresent'), 'sha256:docker.io/library/there:latest');
  assert.equal(await registry.outcome('there', 'Never'), 'sha256:docker.io/library/there:latest');
  assert.equal(
    await registry.outcome('none', 'Never'),
    'ErrImageNeverPull: Container image "none" is not present with pull policy of Never',
  );
  assert.deepEqual(registry.events, [
    'Normal Pulled: Container image "here:1" already present on machine and can be accessed by the pod',
    'Normal Pulling: Pulling image "there"',
    'Normal Pulled: Successfully pulled image "there" in 1.5s (1.5s including waiting). Image size: 1234 bytes.',
    'Normal Pulled: Container image "there" already present on machine and can be accessed by the pod',
    'Warning ErrImageNeverPull: Container image "none" is not present with pull policy of Never',
  ]);
});

test('Images.ensure() pulls for Always, and does not make do with what is there', async () => {
  const registry = new Registry();
  registry.present.set('docker.io/library/x:1', image('sha256:old'));
  assert.equal(await registry.outcome('x:1', 'Always'), 'sha256:docker.io/library/x:1');
  registry.refuse = () => new RpcError('UNKNOWN', 'no route');
  assert.equal(await registry.outcome('x:1', 'Always'), 'ErrImagePull: rpc error: code = Unknown desc = no route');
});

test('Images.ensure() backs off by twice as long each time, and says so', async () => {
  const registry = new Registry();
  const { clock } = registry;
  registry.refuse = () => new RpcError('NOT_FOUND', 'gone');
  const pauses: number[] = [];
  for (let i = 0; i < 7; i++) {
    assert.equal(await registry.outcome('x:1', 'IfNotPresent'), 'ErrImagePull: rpc error: code = NotFound desc = gone');
    const refusal = await registry.ensure('x:1', 'IfNotPresent').then(
      () => assert.fail(),
      (error: StartError) => error,
    );
    assert.deepEqual(
      [refusal.reason, refusal.message, refusal.eventMessage],
      [
        'ImagePullBackOff',
        'Back-off pulling image "x:1": ErrImagePull: rpc error: code = NotFound desc = gone',
        'Error: ImagePullBackOff',
      ],
    );
    pauses.push(((refusal.retryAt ?? 0) - clock.now()) / 1000);
    await clock.advance((refusal.retryAt ?? 0) - clock.now());
  }
  assert.deepEqual(pauses, [10, 20, 40, 80, 160, 300, 300]);
  assert.equal(registry.events.filter((e) => e === 'Normal BackOff: Back-off pulling image "x:1"').length, 7);
  assert.ok(
    registry.events.includes('Warning Failed: Failed to pull image "x:1": rpc error: code = NotFound desc = gone'),
  );
  registry.refuse = () => undefined;
  assert.equal(await registry.outcome('x:1', 'IfNotPresent'), 'sha256:docker.io/library/x:1');
});

test('Images.ensure() passes on what runtimes say of registries and signatures', async () => {
  const registry = new Registry();
  registry.refuse = () => new RpcError('UNAVAILABLE', 'RegistryUnavailable: try later');
  assert.equal(
    await registry.outcome('a:1', 'Always'),
    'RegistryUnavailable: image pull failed for a:1 because the registry is unavailable: try later',
  );
  registry.refuse = () => new RpcError('UNKNOWN', 'SignatureValidationFailed');
  assert.equal(
    await registry.outcome('b:1', 'Always'),
    'SignatureValidationFailed: image pull failed for b:1 because the signature validation failed',
  );
});

test('Images.ensure() pulls a few images at a time', async () => {
  const registry = new Registry();
  const all = Promise.allSettled(Array.from({ length: 12 }, (_, i) => registry.ensure(`x:${i}`, 'IfNotPresent')));
  await registry.clock.advance(6000);
  assert.deepEqual(
    (await all).map(({ status }) => status),
    Array.from({ length: 12 }, () => 'fulfilled'),
  );
  assert.equal(registry.pullingMax, 5);
  assert.ok(
    registry.events.includes(
      'Normal Pulled: Successfully pulled image "x:11" in 1.5s (4.5s including waiting). Image size: 1234 bytes.',
    ),
  );
});

test('Images.ensure() refuses pulls that come faster than the node may, and lets them in later', async () => {
  const registry = new Registry(memoryFiles(), new Map(), { perSecond: 0.1, burst: 2 });
  const found: string[] = [];
  for (const name of ['x:1', 'x:2', 'x:3']) found.push(await registry.outcome(name, 'IfNotPresent'));
  assert.deepEqual(found, [
    'sha256:docker.io/library/x:1',
    'sha256:docker.io/library/x:2',
    'ErrImagePull: pull QPS exceeded',
  ]);
  assert.ok(registry.events.includes('Warning Failed: Failed to pull image "x:3": pull QPS exceeded'));
  assert.deepEqual(registry.pulls, ['docker.io/library/x:1 as nobody', 'docker.io/library/x:2 as nobody']);
  await registry.clock.advance(10_000);
  assert.equal(await registry.outcome('x:3', 'IfNotPresent'), 'sha256:docker.io/library/x:3');
});

const config = (auths: object, uid = 's1'): Secret =>
  ({
    type: 'kubernetes.io/dockerconfigjson',
    metadata: { uid },
    data: { '.dockerconfigjson': btoa(JSON.stringify({ auths })) },
  }) as unknown as Secret;
const legacy = (auths: object): Secret =>
  ({
    type: 'kubernetes.io/dockercfg',
    metadata: { uid: 's2' },
    data: { '.dockercfg': btoa(JSON.stringify(auths)) },
  }) as unknown as Secret;

test('Images.ensure() tries every login that matches, the most particular first', async () => {
  const registry = new Registry();
  const secrets = [
    config({
      'r.example': { username: 'host', password: 'p' },
      'r.example/team': { username: 'team', password: 'p' },
      'other.example': { username: 'other', password: 'p' },
    }),
  ];
  registry.refuse = ({ auth }) => (auth?.username === 'host' ? undefined : new RpcError('UNAUTHENTICATED', 'no'));
  const work = registry.ensure('r.example/team/app:1', 'Always', secrets);
  await registry.clock.advance(3000);
  assert.equal((await work).ref, 'sha256:r.example/team/app:1');
  assert.deepEqual(registry.pulls, ['r.example/team/app:1 as team', 'r.example/team/app:1 as host']);
});

test('Images.ensure() lets a pod use what was fetched with a login only if it has that login, or may fetch it', async () => {
  const registry = new Registry();
  const mine = config({ 'r.example': { username: 'me', password: 'p' } }, 'mine');
  const copy = config({ 'r.example': { username: 'me', password: 'p' } }, 'copy');
  const other = config({ 'r.example': { username: 'other', password: 'p' } }, 'other');
  registry.refuse = ({ auth }) => (auth?.username === 'me' ? undefined : new RpcError('UNAUTHENTICATED', 'no'));
  const id = 'sha256:r.example/app:1';
  assert.equal(await registry.outcome('r.example/app:1', 'IfNotPresent', [mine]), id);
  for (const secrets of [[mine], [copy], [other, copy]])
    assert.equal(await registry.outcome('r.example/app:1', 'IfNotPresent', secrets), id);
  assert.equal(registry.pulls.length, 1, 'the same login, wherever it is kept, need not ask again');
  assert.equal(
    await registry.outcome('r.example/app:1', 'IfNotPresent', [other]),
    'ErrImagePull: rpc error: code = Unauthenticated desc = no',
  );
  assert.equal(
    await registry.outcome('r.example/app:1', 'Never'),
    'ErrImageNeverPull: Container image "r.example/app:1" is present with pull policy of Never but does not have the proper credentials to access the image',
  );
  const later = registry.restarted();
  assert.equal(await later.outcome('r.example/app:1', 'IfNotPresent', [mine]), id);
  assert.deepEqual(later.pulls, []);
  assert.equal(await later.outcome('r.example/app:1', 'IfNotPresent', [copy]), id);
  assert.deepEqual(later.pulls, ['r.example/app:1 as me'], 'logins are not kept: after a restart it is asked once');
  for (const path of registry.files.tree('/kubelet/image_manager/pulled'))
    assert.doesNotMatch((await registry.files.readText(path)) ?? '', /"(?:me|p)"/);
});

test('Images.ensure() asks again for what a crash may have left half-known, and lets everyone use what was put there or is open', async () => {
  const registry = new Registry();
  registry.present.set('docker.io/library/loaded:1', image('sha256:loaded'));
  assert.equal(await registry.outcome('loaded:1', 'IfNotPresent'), 'sha256:loaded');
  assert.equal(await registry.outcome('open:1', 'IfNotPresent'), 'sha256:docker.io/library/open:1');
  assert.equal(await registry.restarted().outcome('open:1', 'Never'), 'sha256:docker.io/library/open:1');
  registry.files.onChange = (operation) => {
    if (operation.startsWith('rename')) throw new Error('crash');
  };
  const half = assert.rejects(registry.ensure('half:1', 'IfNotPresent'), /crash/);
  await registry.clock.advance(1500);
  await half;
  registry.files.onChange = () => undefined;
  const later = registry.restarted();
  assert.equal(await later.outcome('half:1', 'IfNotPresent'), 'sha256:docker.io/library/half:1');
  assert.deepEqual(later.pulls, ['docker.io/library/half:1 as nobody']);
  assert.deepEqual(await registry.files.list('/kubelet/image_manager/pulling'), []);
});

const anyone = { logins: [], isPreloadedFree: true };

test('PullRecords tells the names of an image apart: what was put there under one name is not fetched under it', async () => {
  const records = new PullRecords({ files: memoryFiles(), dir: '/r' });
  await records.end('r.example/app:1', { id: 'sha256:a', login: { auth: { username: 'me' }, secretUid: 's' } });
  assert.deepEqual(
    [
      await records.mayUse('sha256:a', 'loaded:1', anyone),
      await records.mayUse('sha256:a', 'r.example/app:2', anyone),
      await records.mayUse('sha256:a', `r.example/app@sha256:${'0'.repeat(64)}`, anyone),
    ],
    [true, false, false],
  );
  assert.equal(await records.mayUse('sha256:a', 'loaded:1', { ...anyone, isPreloadedFree: false }), false);
  await records.begin('loaded:1');
  assert.equal(await records.mayUse('sha256:a', 'loaded:1', anyone), false);
});

test('PullRecords forgets images that are gone, and lets nobody use what it cannot read', async () => {
  const files = memoryFiles();
  const records = new PullRecords({ files, dir: '/r' });
  for (const id of ['sha256:a', 'sha256:b']) await records.end(`${id.slice(-1)}:1`, { id, login: undefined });
  await records.prune(['sha256:a']);
  await records.prune(['sha256:a', 'sha256:b']);
  await records.prune(['sha256:a']);
  assert.equal((await files.list('/r/pulled')).length, 2, 'once is not enough');
  await records.prune(['sha256:a']);
  assert.equal((await files.list('/r/pulled')).length, 1);
  assert.equal(await records.mayUse('sha256:a', 'a:1', anyone), true);
  await files.write(`/r/pulled/${(await files.list('/r/pulled'))[0]}`, '');
  assert.equal(await records.mayUse('sha256:a', 'a:1', anyone), false);
});

test('credentialsFor() matches hosts, ports, paths, wildcards and both kinds of secret', () => {
  const login = { auth: btoa('me:p:w') };
  const table: readonly (readonly [key: string, image: string, isMatch: boolean])[] = [
    ['https://index.docker.io/v1/', 'nginx', true],
    ['docker.io', 'team/app', true],
    ['index.docker.io/v1/', 'ghcr.io/x', false],
    ['ghcr.io', 'ghcr.io/x/y', true],
    ['https://ghcr.io/v2/', 'ghcr.io/x/y', true],
    ['r.example:5000', 'r.example:5000/x', true],
    ['r.example', 'r.example:5000/x', false],
    ['*.example', 'r.example/x', true],
    ['*.example', 'a.r.example/x', false],
    ['r?.example', 'r1.example/x', true],
    ['r.example/team', 'r.example/team/x', true],
    ['r.example/team', 'r.example/other/x', false],
    ['*', 'localhost/x', true],
  ];
  for (const [key, name, isMatch] of table) {
    for (const secret of [config({ [key]: login }), legacy({ [key]: login })]) {
      assert.deepEqual(
        credentialsFor(fullReference(name), [secret]).map(({ auth: { username, password } }) => [username, password]),
        isMatch ? [['me', 'p:w']] : [],
        `${key} for ${name}`,
      );
    }
  }
  const broken = {
    type: 'kubernetes.io/dockerconfigjson',
    metadata: {},
    data: { '.dockerconfigjson': btoa('{') },
  } as unknown as Secret;
  assert.equal(
    credentialsFor(fullReference('nginx'), [broken, config({}), config({ 'docker.io': { identitytoken: 'token' } })])[0]
      ?.auth.identityToken,
    'token',
  );
});

test('fullReference() says what short names mean', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const table: Readonly<Record<string, string>> = {
    nginx: 'docker.io/library/nginx:latest',
    'nginx:1': 'docker.io/library/nginx:1',
    'team/app': 'docker.io/team/app:latest',
    'r.example/app': 'r.example/app:latest',
    'r:5000/app': 'r:5000/app:latest',
    'localhost/app:2': 'localhost/app:2',
    [`nginx@${digest}`]: `docker.io/library/nginx@${digest}`,
    [`nginx:1@${digest}`]: `docker.io/library/nginx:1@${digest}`,
    'docker.io/nginx': 'docker.io/library/nginx:latest',
    'index.docker.io/team/app': 'docker.io/team/app:latest',
  };
  for (const [name, full] of Object.entries(table)) assert.equal(fullReference(name), full);
});

test('referenceProblem() refuses what is no reference', () => {
  for (const good of [
    'a',
    'a:1',
    'a/b-c_d.e:T_1.2-3',
    'r.example:5000/a/b',
    '[fd00::1]:5000/a',
    `a@sha256:${'0'.repeat(64)}`,
    'LOCALHOST/a',
  ])
    assert.equal(referenceProblem(good), undefined, good);
  for (const bad of [
    '',
    ' ',
    'a b',
    'a:',
    'a//b',
    '/a',
    'a/',
    '-a',
    'a..b',
    'a@sha256:xyz',
    'a:b:c',
    'http://a/b',
    `${'a/'.repeat(200)}b`,
  ])
    assert.notEqual(referenceProblem(bad), undefined, bad);
  assert.equal(referenceProblem('Team/App'), 'invalid reference format: repository name must be lowercase');
});

test('goDuration() prints as Go does', () => {
  assert.deepEqual([0, 0.4, 5, 999, 1000, 1500, 61_000, 62_034, 3_600_000, 3_723_004].map(goDuration), [
    '0s',
    '0s',
    '5ms',
    '999ms',
    '1s',
    '1.5s',
    '1m1s',
    '1m2.034s',
    '1h0m0s',
    '1h2m3.004s',
  ]);
});
