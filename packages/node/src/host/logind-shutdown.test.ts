import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { silent } from '@navarch/base';
import { eventually } from '../testing/eventually.ts';
import { logindShutdown, prepareForShutdown } from './logind-shutdown.ts';

const SOON = { timeoutMs: 5000, everyMs: 50 };

const signalLine = (isComing: boolean): string =>
  JSON.stringify({
    type: 'signal',
    interface: 'org.freedesktop.login1.Manager',
    member: 'PrepareForShutdown',
    payload: { type: 'b', data: [isComing] },
  });

test('prepareForShutdown() reads the one message that it is about', () => {
  assert.deepEqual(
    [
      signalLine(true),
      signalLine(false),
      'Monitoring bus message stream.',
      '{"member":"NameAcquired","payload":{"type":"s","data":[":1.2"]}}',
      '{"type":"signal"}',
    ].map(prepareForShutdown),
    [true, false, undefined, undefined, undefined],
  );
});

/** Programs of systemd that say and note what the test wants; on the PATH before all others. */
function programs(): { readonly folder: string; readonly locked: () => boolean; [Symbol.dispose](): void } {
  const folder = mkdtempSync('/tmp/nv-logind-');
  const before = process.env['PATH'];
  const put = (name: string, lines: string): void => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${lines}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  put(
    'busctl',
    `case "$1" in get-property) echo 't 5000000';; monitor) echo '${signalLine(true)}'; while [ ! -e ${folder}/again ]; do sleep 0.05; done; echo '${signalLine(false)}'; exec sleep 60;; esac`,
  );
  put('systemd-inhibit', `echo $$ > ${folder}/lock; exec sleep 60`);
  put('systemctl', `echo "$@" > ${folder}/systemctl`);
  process.env['PATH'] = `${folder}:${before}`;
  const locked = (): boolean => {
    if (!existsSync(join(folder, 'lock'))) return false;
    try {
      return process.kill(Number(readFileSync(join(folder, 'lock'), 'utf8')), 0);
    } catch {
      return false;
    }
  };
  return {
    folder,
    locked,
    [Symbol.dispose]() {
      process.env['PATH'] = before;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

test(
  'logindShutdown() raises the delay, holds the lock until it is released, and holds it again after a false alarm',
  { timeout: 20_000 },
  async () => {
    using fake = programs();
    const stop = new AbortController();
    const notice = logindShutdown({ delaySeconds: 30, log: silent, confDir: join(fake.folder, 'conf') });
    const changes = notice.changes(stop.signal)[Symbol.asyncIterator]();
    assert.deepEqual(await changes.next(), { done: false, value: true });
    await eventually('the lock', fake.locked, SOON);
    assert.match(
      readFileSync(join(fake.folder, 'conf', '99-kubelet.conf'), 'utf8'),
      /^\[Login\]\nInhibitDelayMaxSec=30$/m,
    );
    assert.equal(readFileSync(join(fake.folder, 'systemctl'), 'utf8'), 'kill --signal=HUP systemd-logind.service\n');
    await notice.release();
    await eventually('its release', () => !fake.locked(), SOON);
    writeFileSync(join(fake.folder, 'again'), '');
    assert.deepEqual(await changes.next(), { done: false, value: false });
    await eventually('the lock', fake.locked, SOON);
    stop.abort(new Error('over'));
    await assert.rejects(async () => changes.next());
    await eventually('its release', () => !fake.locked(), SOON);
  },
);
