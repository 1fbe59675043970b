import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { configMap, persistentVolume, persistentVolumeClaim, pod, secret } from '@navarch/api';
import { buildImage } from '../../../../images/build.ts';
import { serveRegistry, type TestRegistry } from '../cri/testing/registry.ts';
import { mountsBelow, openCgroups } from '../host/index.ts';
import { probeHost } from '../host/probe-host.ts';
import { eventually } from '../testing/eventually.ts';
import { type RealKubelet, startRealKubelet } from './testing/real-kubelet.ts';

// What goes into containers and comes out of them, on a real runtime.

const images = process.env['NAVARCH_IMAGES'] ?? mkdtempSync(join(tmpdir(), 'nvi-'));
const report = await probeHost(tmpdir(), AbortSignal.timeout(30_000));

if (report.canRunContainers) withContainers();
else
  console.log(
    `left out, this host cannot run containers: ${report.missing.map(({ what, why }) => `${what} (${why})`).join('; ')}`,
  );

/** A container that runs a line of shell; what the line prints is its termination message. */
const says = (line: string, more: object = {}): object => ({
  name: 'c',
  image: 'busybox:1.35',
  command: ['sh', '-c', `{ ${line}\n} >/dev/termination-log 2>&1`],
  ...more,
});

function withContainers(): void {
  let kubelet: RealKubelet;
  let registry: TestRegistry;

  before(
    async () => {
      const signal = AbortSignal.timeout(280_000);
      const archives = [
        (await buildImage('pause', images, signal)).archive,
        (await buildImage('busybox', images, signal)).archive,
      ];
      registry = await serveRegistry(archives[1] ?? '', 'team/app', 'me:secret');
      kubelet = await startRealKubelet(archives, { 'private.example': [{ url: registry.url }] }, signal);
      await kubelet.api.of(configMap).create({
        metadata: { name: 'settings', namespace: 'default' },
        data: { 'app.conf': 'colour=blue', LEVEL: 'high' },
        binaryData: { blob: btoa('raw') },
      });
      await kubelet.api.of(secret).create({
        metadata: { name: 'login', namespace: 'default' },
        data: { user: btoa('me'), PASSWORD: btoa('pw') },
      });
    },
    { timeout: 300_000 },
  );
  after(
    async () => {
      await kubelet[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
      if (!process.env['NAVARCH_IMAGES']) rmSync(images, { recursive: true, force: true });
    },
    { timeout: 120_000 },
  );

  test("volumes show what they are made of, read-only where it is the cluster's", { timeout: 60_000 }, async () => {
    const line = `cat /cfg/app.conf /sec/user /all/conf /all/u /all/labels; echo; stat -Lc '%a %U %G' /cfg/app.conf /all/u /mem | tr '\\n' ','
      for d in /cfg /sec /all; do (echo x > $d/new) 2>/dev/null && echo "wrote $d"; done
      grep -c ' /sec tmpfs ' /proc/mounts; df -k /mem | tail -1 | awk '{print $2}'; test -s /all/token && echo token`;
    const text = await kubelet.outcome(
      'volumes',
      {
        containers: [
          says(line, {
            volumeMounts: [
              { name: 'cfg', mountPath: '/cfg' },
              { name: 'sec', mountPath: '/sec' },
              { name: 'all', mountPath: '/all' },
              { name: 'mem', mountPath: '/mem' },
            ],
          }),
        ],
        volumes: [
          { name: 'cfg', configMap: { name: 'settings', defaultMode: 0o640 } },
          { name: 'sec', secret: { secretName: 'login' } },
          {
            name: 'all',
            projected: {
              sources: [
                { configMap: { name: 'settings', items: [{ key: 'app.conf', path: 'conf' }] } },
                { secret: { name: 'login', items: [{ key: 'user', path: 'u', mode: 0o400 }] } },
                { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
                { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
              ],
            },
          },
          { name: 'mem', emptyDir: { medium: 'Memory', sizeLimit: '2Mi' } },
        ],
      },
      { labels: { app: 'x' } },
    );
    assert.equal(
      text,
      'colour=blueme' + 'colour=blueme' + 'app="x"\n640 root root,400 root root,777 root root,1\n2048\ntoken\n',
    );
  });

  test('a subPath shows its part, and cannot be led out of its volume', { timeout: 60_000 }, async () => {
    const shared = {
      volumes: [
        { name: 'v', emptyDir: {} },
        { name: 'cfg', configMap: { name: 'settings' } },
      ],
    };
    const text = await kubelet.outcome('sub', {
      ...shared,
      containers: [
        says('cat /etc/app.conf; echo; echo data > /out/f; cat /v/data-sub/f; cat /byname/f', {
          env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
          volumeMounts: [
            { name: 'cfg', mountPath: '/etc/app.conf', subPath: 'app.conf' },
            { name: 'v', mountPath: '/out', subPath: 'data-sub' },
            { name: 'v', mountPath: '/byname', subPathExpr: 'data-$(POD)' },
            { name: 'v', mountPath: '/v' },
          ],
        }),
      ],
    });
    assert.equal(text, 'colour=blue\ndata\ndata\n');
    for (const [name, subPath, message] of [
      ['out', 'link', 'failed to prepare subPath for volumeMount "v" of container "c"'],
      ['dots', 'a/$(UP)/x', "unable to provision SubPath `a/../x`: must not contain '..'"],
      ['empty', '$(NONE)', 'missing value for "NONE"'],
    ] as const) {
      await kubelet.run(`sub-${name}`, {
        ...shared,
        initContainers: [
          { ...says('ln -s /etc /v/link', { volumeMounts: [{ name: 'v', mountPath: '/v' }] }), name: 'evil' },
        ],
        containers: [
          says('ls /x', {
            env: [{ name: 'UP', value: '..' }],
            volumeMounts: [
              { name: 'v', mountPath: '/x', ...(subPath === 'link' ? { subPath } : { subPathExpr: subPath }) },
            ],
          }),
        ],
      });
      const found = await kubelet.until(
        `sub-${name}`,
        (p) => p.status.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError',
        'a refusal',
      );
      assert.equal(found.status.containerStatuses?.[0]?.state?.waiting?.message, message);
      await kubelet.until(`sub-${name}`, () => true, '');
      await kubelet.remove(`sub-${name}`);
    }
  });

  test('variables come from everywhere, in order', { timeout: 60_000 }, async () => {
    const text = await kubelet.outcome('env', {
      containers: [
        says(
          'echo "$LEVEL $C_LEVEL $PASSWORD $OWN $LATER $COST $CPU $MEM $HOST_IP"; test "$POD_IP" = "$(hostname -i)" && echo ip',
          {
            envFrom: [
              { configMapRef: { name: 'settings' } },
              { prefix: 'C_', configMapRef: { name: 'settings' } },
              { secretRef: { name: 'login' } },
              { secretRef: { name: 'none', optional: true } },
            ],
            env: [
              { name: 'OWN', valueFrom: { configMapKeyRef: { name: 'settings', key: 'LEVEL' } } },
              { name: 'LATER', value: '$(OWN)-$(UNKNOWN)-$$(OWN)' },
              { name: 'COST', value: '$$5' },
              { name: 'LEVEL', value: 'low' },
              { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'requests.cpu', divisor: '1m' } } },
              { name: 'MEM', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
              { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
              { name: 'HOST_IP', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } },
            ],
            resources: { requests: { cpu: '50m' }, limits: { memory: '64Mi' } },
          },
        ),
      ],
    });
    assert.equal(text, 'low high pw high high-$(UNKNOWN)-$(OWN) $5 50 64 192.0.2.1\nip\n');
  });

  test('a security context is what the process finds itself in', { timeout: 60_000 }, async () => {
    const line = `id -u; id -g; id -G; grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t' | tr '\\n' ' '; echo
      touch /root-is-writable 2>/dev/null && echo writable; stat -c '%a %g' /data; cat /proc/sys/net/ipv4/ip_unprivileged_port_start; hostname`;
    const text = await kubelet.outcome('secure', {
      hostname: 'named',
      subdomain: 'sub',
      securityContext: {
        runAsUser: 1000,
        runAsGroup: 3000,
        fsGroup: 2000,
        supplementalGroups: [4000],
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
        sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '80' }],
      },
      volumes: [{ name: 'data', emptyDir: {} }],
      containers: [
        says(line, {
          securityContext: {
            readOnlyRootFilesystem: true,
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
          },
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
        }),
      ],
    });
    assert.equal(
      text,
      '1000\n3000\n3000 2000 4000\nCapEff:0000000000000000 NoNewPrivs:1 Seccomp:2 \n2777 2000\n80\nnamed\n',
    );
    const capable = await kubelet.outcome('capable', {
      containers: [
        says(
          "grep CapEff /proc/self/status | tr -d '\\t'; cat /proc/self/oom_score_adj; cat /proc/kcore >/dev/null 2>&1; cat /etc/resolv.conf",
          { securityContext: { capabilities: { add: ['NET_ADMIN'], drop: ['KILL'] } } },
        ),
      ],
      dnsPolicy: 'None',
      dnsConfig: { nameservers: ['192.0.2.53'], searches: ['a.example'], options: [{ name: 'ndots', value: '2' }] },
    });
    const [caps = '', score, ...resolver] = capable.trim().split('\n');
    const bits = BigInt(`0x${caps.replace('CapEff:', '')}`);
    assert.deepEqual([(bits >> 12n) & 1n, (bits >> 5n) & 1n], [1n, 0n]);
    assert.equal(score, '1000');
    assert.deepEqual(resolver, ['search a.example', 'nameserver 192.0.2.53', 'options ndots:2']);
  });

  test('a container that must not run as root does not', { timeout: 60_000 }, async () => {
    await kubelet.run('nonroot', { securityContext: { runAsNonRoot: true }, containers: [says('id')] });
    const found = await kubelet.until(
      'nonroot',
      (p) => p.status.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError',
      'a refusal',
    );
    assert.equal(
      found.status.containerStatuses?.[0]?.state?.waiting?.message,
      `container has runAsNonRoot and image will run as root (pod: "nonroot_default(${found.metadata.uid})", container: c)`,
    );
    await kubelet.remove('nonroot');
  });

  test(
    'what a container needs and is missing is said, and it starts when it is there',
    { timeout: 60_000 },
    async () => {
      await kubelet.run('late', {
        containers: [
          says('cat /m/k; echo $K', {
            env: [{ name: 'K', valueFrom: { secretKeyRef: { name: 'late', key: 'k' } } }],
            volumeMounts: [{ name: 'm', mountPath: '/m' }],
          }),
        ],
        volumes: [{ name: 'm', configMap: { name: 'late' } }],
      });
      await kubelet.until('late', (p) => p.status.phase === 'Pending', 'waiting');
      await eventually('the event', async () => (await kubelet.events('late')).some((e) => e.includes('FailedMount')), {
        timeoutMs: 30_000,
        everyMs: 50,
      });
      assert.ok(
        (await kubelet.events('late')).includes(
          'FailedMount: MountVolume.SetUp failed for volume "m" : configmap "late" not found',
        ),
      );
      await kubelet.api.of(configMap).create({ metadata: { name: 'late', namespace: 'default' }, data: { k: 'v' } });
      const found = await kubelet.until(
        'late',
        (p) => p.status.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError',
        'a refusal',
      );
      assert.equal(found.status.containerStatuses?.[0]?.state?.waiting?.message, 'secret "late" not found');
      await kubelet.api.of(secret).create({ metadata: { name: 'late', namespace: 'default' }, data: { k: btoa('s') } });
      const over = await kubelet.until('late', (p) => p.status.phase === 'Succeeded', 'its end');
      assert.equal(over.status.containerStatuses?.[0]?.state?.terminated?.message, 'vs\n');
    },
  );

  test('images follow their policies: Always never takes what is there', { timeout: 60_000 }, async () => {
    for (const [name, image, imagePullPolicy, reason, message] of [
      [
        'never',
        'none.example/x:1',
        'Never',
        'ErrImageNeverPull',
        /^Container image "none.example\/x:1" is not present with pull policy of Never$/,
      ],
      [
        'invalid',
        'Upper/Case',
        'IfNotPresent',
        'InvalidImageName',
        /couldn't parse image name "Upper\/Case": invalid reference format: repository name must be lowercase$/,
      ],
      [
        'always',
        'busybox:1.35',
        'Always',
        'ErrImagePull',
        /^rpc error: code = .* desc = failed to pull and unpack image "docker.io\/library\/busybox:1.35"/,
      ],
    ] as const) {
      await kubelet.run(`image-${name}`, { containers: [{ name: 'c', image, imagePullPolicy }] });
      const found = await kubelet.until(
        `image-${name}`,
        (p) => p.status.containerStatuses?.[0]?.state?.waiting?.reason === reason,
        reason,
      );
      assert.match(found.status.containerStatuses?.[0]?.state?.waiting?.message ?? '', message);
    }
    await kubelet.until(
      'image-always',
      (p) =>
        /^Back-off pulling image "busybox:1.35": ErrImagePull: rpc error/.test(
          p.status.containerStatuses?.[0]?.state?.waiting?.message ?? '',
        ),
      'backing off',
    );
    for (const name of ['never', 'invalid', 'always']) await kubelet.remove(`image-${name}`);
  });

  test(
    'a private image is had with the right login only, also when it is here already',
    { timeout: 60_000 },
    async () => {
      for (const [name, password] of [
        ['right', 'secret'],
        ['wrong', 'guess'],
      ] as const) {
        const auths = {
          'https://private.example/v2/': { username: 'other', password: 'x' },
          'private.example/team': { auth: btoa(`me:${password}`) },
        };
        await kubelet.api.of(secret).create({
          metadata: { name, namespace: 'default' },
          type: 'kubernetes.io/dockerconfigjson',
          data: { '.dockerconfigjson': btoa(JSON.stringify({ auths })) },
        });
      }
      const container = {
        ...says('echo ran'),
        image: 'private.example/team/app:1.35',
        imagePullPolicy: 'IfNotPresent',
      };
      const refused = async (name: string, spec: object): Promise<void> => {
        await kubelet.run(name, { containers: [container], ...spec });
        await kubelet.until(
          name,
          (p) => p.status.containerStatuses?.[0]?.state?.waiting?.reason === 'ErrImagePull',
          'a refusal',
        );
        await kubelet.remove(name);
      };
      await refused('login-none', {});
      await refused('login-wrong', { imagePullSecrets: [{ name: 'wrong' }] });
      assert.equal(
        await kubelet.outcome('login-right', { containers: [container], imagePullSecrets: [{ name: 'right' }] }),
        'ran\n',
      );
      const asked = registry.asked.length;
      assert.equal(
        await kubelet.outcome('login-again', { containers: [container], imagePullSecrets: [{ name: 'right' }] }),
        'ran\n',
      );
      assert.equal(registry.asked.length, asked, 'who has the login need not ask again');
      await refused('login-late', { imagePullSecrets: [{ name: 'wrong' }] });
      assert.match(
        (await kubelet.events('login-right')).join('\n'),
        /Pulled: Successfully pulled image "private.example\/team\/app:1.35" in [\dms.]+ \([\dms.]+ including waiting\)\. Image size: \d+ bytes\./,
      );
    },
  );

  test("hosts files name the pod, and on the host's network the host", { timeout: 60_000 }, async () => {
    const aliases = { hostAliases: [{ ip: '192.0.2.7', hostnames: ['one', 'two'] }] };
    const own = await kubelet.outcome('hosts', {
      ...aliases,
      hostname: 'h',
      subdomain: 's',
      setHostnameAsFQDN: true,
      containers: [says('hostname; tail -n +2 /etc/hosts | sed "s/^$(hostname -i)/IP/"; head -1 /etc/hosts')],
    });
    assert.equal(
      own,
      [
        'h.s.default.svc.cluster.local',
        '127.0.0.1\tlocalhost',
        '::1\tlocalhost ip6-localhost ip6-loopback',
        'fe00::0\tip6-localnet',
        'fe00::0\tip6-mcastprefix',
        'fe00::1\tip6-allnodes',
        'fe00::2\tip6-allrouters',
        'IP\th.s.default.svc.cluster.local\th',
        '',
        '# Entries added by HostAliases.',
        '192.0.2.7\tone\ttwo',
        '# Kubernetes-managed hosts file.',
        '',
      ].join('\n'),
    );
    const shared = await kubelet.outcome('hostnet', {
      ...aliases,
      hostNetwork: true,
      containers: [says('head -1 /etc/hosts; tail -1 /etc/hosts')],
    });
    assert.equal(shared, '# Kubernetes-managed hosts file (host network).\n192.0.2.7\tone\ttwo\n');
  });

  test(
    'a pod sees its labels as they change, and the variables that another container left for it',
    { timeout: 60_000 },
    async () => {
      await kubelet.run(
        'told',
        {
          volumes: [
            { name: 'd', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
            { name: 'e', emptyDir: {} },
          ],
          initContainers: [
            {
              ...says('echo "COLOUR=\'light blue\'" > /e/vars', { volumeMounts: [{ name: 'e', mountPath: '/e' }] }),
              name: 'leaves',
            },
          ],
          containers: [
            says('until grep -q new /d/labels; do sleep 0.1; done; cat /d/labels; echo; echo "$COLOUR"', {
              volumeMounts: [{ name: 'd', mountPath: '/d' }],
              env: [{ name: 'COLOUR', valueFrom: { fileKeyRef: { volumeName: 'e', path: 'vars', key: 'COLOUR' } } }],
            }),
          ],
        },
        { labels: { version: 'old' } },
      );
      await kubelet.until('told', (p) => p.status.phase === 'Running', 'running');
      await kubelet.api
        .of(pod)
        .patch('default/told', { type: 'merge', body: { metadata: { labels: { version: 'new' } } } });
      const over = await kubelet.until('told', (p) => p.status.phase === 'Succeeded', 'its end');
      assert.equal(over.status.containerStatuses?.[0]?.state?.terminated?.message, 'version="new"\nlight blue\n');
    },
  );

  test(
    'a claim shows the folder of the volume that it is bound to, read-only when asked',
    { timeout: 60_000 },
    async () => {
      const disk = join(kubelet.dir, 'disk');
      mkdirSync(disk);
      writeFileSync(join(disk, 'data'), 'kept');
      const shape = {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'manual',
      } as const;
      const affinity = {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'Exists' as const }] }],
        },
      };
      const claim = await kubelet.api.of(persistentVolumeClaim).create({
        metadata: { name: 'claim', namespace: 'default' },
        spec: {
          accessModes: ['ReadWriteOnce'],
          storageClassName: 'manual',
          volumeName: 'disk',
          resources: { requests: { storage: '1Gi' } },
        },
      });
      await kubelet.api.of(persistentVolume).create({
        metadata: { name: 'disk' },
        spec: {
          ...shape,
          local: { path: disk },
          nodeAffinity: affinity,
          claimRef: { namespace: 'default', name: 'claim', uid: claim.metadata.uid },
        },
      });
      await kubelet.api
        .of(persistentVolumeClaim)
        .update('default/claim', (c) => ({ ...c, status: { ...c.status, phase: 'Bound' } }), { subresource: 'status' });
      const user = (name: string, readOnly: boolean): Promise<string> =>
        kubelet.outcome(name, {
          securityContext: { fsGroup: 4321 },
          volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'claim', readOnly } }],
          containers: [
            says("cat /v/data; stat -c ' %a %g' /v/data; (echo more > /v/more) 2>/dev/null && echo wrote", {
              volumeMounts: [{ name: 'v', mountPath: '/v' }],
            }),
          ],
        });
      assert.equal(await user('reads', true), 'kept 644 0\n (exit 1)');
      assert.equal(await user('writes', false), 'kept 664 4321\nwrote\n');
      for (const name of ['reads', 'writes']) await kubelet.remove(name);
      assert.deepEqual(readdirSync(disk).toSorted(), ['data', 'more']);
    },
  );

  test('a pod and its class are limited together', { timeout: 60_000 }, async () => {
    await kubelet.run('limited', {
      containers: [
        says('sleep 1000', { resources: { requests: { cpu: '100m' }, limits: { cpu: '200m', memory: '64Mi' } } }),
      ],
    });
    const { metadata } = await kubelet.until('limited', (p) => p.status.phase === 'Running', 'running');
    const group = `${kubelet.host.cgroupRoot}/kubepods/burstable/pod${metadata.uid}`;
    assert.equal(openCgroups().usage(group)?.memoryLimitBytes, 64 * 2 ** 20);
    await kubelet.remove('limited');
    assert.equal(openCgroups().exists(group), false);
  });

  test('a log that grew large is turned over, and nothing of it is lost', { timeout: 60_000 }, async () => {
    await kubelet.run('chatty', {
      containers: [
        {
          name: 'c',
          image: 'busybox:1.35',
          command: [
            'sh',
            '-c',
            'yes xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx | head -n 150000; sleep 14; echo after; sleep 1000',
          ],
        },
      ],
    });
    const { metadata } = await kubelet.until('chatty', (p) => p.status.phase === 'Running', 'running');
    const folder = join(kubelet.dir, 'pod-logs', `default_chatty_${metadata.uid}`, 'c');
    const isTurned = (): boolean =>
      readFileSync(join(folder, '0.log'), 'utf8').endsWith(' stdout F after\n') && readdirSync(folder).length >= 2;
    await eventually('a second file', isTurned, { timeoutMs: 40_000, explain: () => readdirSync(folder).join(' ') });
    const text = readdirSync(folder)
      .toSorted()
      .reverse()
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .join('');
    assert.equal(text.trimEnd().split('\n').length, 150_001);
    await kubelet.remove('chatty');
  });

  test("a pod that is gone leaves nothing on the node but what was the node's", { timeout: 60_000 }, async () => {
    const outside = join(kubelet.dir, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'kept'), '');
    await kubelet.run('gone', {
      volumes: [
        { name: 'h', hostPath: { path: outside, type: 'Directory' } },
        { name: 'm', emptyDir: { medium: 'Memory' } },
        { name: 'e', emptyDir: {} },
      ],
      containers: [
        says('ln -s / /e/root; exec sleep 1000', {
          volumeMounts: [
            { name: 'h', mountPath: '/h' },
            { name: 'm', mountPath: '/m', subPath: 'part' },
            { name: 'e', mountPath: '/e' },
          ],
        }),
      ],
    });
    const { metadata } = await kubelet.until('gone', (p) => p.status.phase === 'Running', 'running');
    const group = `${kubelet.host.cgroupRoot}/kubepods/besteffort/pod${metadata.uid}`;
    assert.equal(openCgroups().exists(group), true);
    symlinkSync(outside, join(kubelet.dir, 'kubelet/pods', metadata.uid, 'volumes/e/out'));
    await kubelet.remove('gone');
    assert.deepEqual(
      [
        existsSync(join(kubelet.dir, 'kubelet/pods', metadata.uid)),
        mountsBelow(join(kubelet.dir, 'kubelet/pods', metadata.uid)),
        readdirSync(outside),
        openCgroups().exists(group),
      ],
      [false, [], ['kept'], false],
    );
    assert.equal(
      (await kubelet.api.of(pod).list({ namespace: 'default', fieldSelector: 'metadata.name=gone' })).items.length,
      0,
    );
  });
}
