import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { changeBetween, type EngineConfig, type Site } from '@navarch/ingress';
import { Pki } from '../pki/pki.ts';
import { askMaster } from './control.ts';
import { haproxyLayout } from './layout.ts';
import { ask, siteOf } from './testing/questions.ts';
import { type RealHaproxy, realHaproxy } from './testing/real-haproxy.ts';

const CHANGES = 12;
const AT_ONCE = 20;

test('who comes after a change has been taken up is answered by it, and nobody who comes meanwhile is lost', async () => {
  await using proxy = await realHaproxy();
  const signal = AbortSignal.timeout(120_000);
  const saying = (text: string): Site => siteOf(proxy, { rules: [{ do: 'respond', status: 200, text }] });
  assert.deepEqual(await proxy.engine.load(proxy.configOf(saying('0')), signal), []);
  let isOver = false;
  const meanwhile = Array.from({ length: 2 }, async () => {
    for (; !isOver;) assert.equal((await ask(proxy, {})).status, 200);
  });
  for (let change = 1; change <= CHANGES; change++) {
    assert.deepEqual(await proxy.engine.load(proxy.configOf(saying(`${change}`)), signal), []);
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => ask(proxy, {})));
    assert.deepEqual(new Set(answers.map(({ body }) => body)), new Set([`${change}`]));
  }
  isOver = true;
  await Promise.all(meanwhile);
});

test('a renewed certificate is shown without another process, also by one that starts later; a broken one changes nothing', async () => {
  await using proxy = await realHaproxy();
  const signal = AbortSignal.timeout(120_000);
  const pki = await Pki.open(join(proxy.dir, 'more'));
  const pems = [];
  for (let i = 0; i < 2; i++) {
    const { certificate, key } = await pki.issue({ commonName: `a${i}`, names: ['a.test'], isForPeople: true });
    pems.push({ pem: `${certificate}\n\n${key}`, serial: new X509Certificate(certificate).serialNumber });
  }
  const [first, second] = pems;
  assert.ok(first && second);
  const showing = (pem: string): EngineConfig => {
    const site = siteOf(proxy, { rules: [{ do: 'respond', status: 200, text: 'yes' }] });
    const certificates = [{ id: 'n/a', pem, hosts: ['a.test'] }];
    return proxy.configOf({ ...site, entrances: site.entrances.map((entrance) => ({ ...entrance, certificates })) });
  };
  assert.deepEqual(await proxy.engine.load(showing(first.pem), signal), []);
  assert.equal(await serialOf(proxy), first.serial);
  const { masterSocket } = haproxyLayout(join(proxy.dir, 'run'));
  const workers = async (): Promise<readonly string[]> =>
    (await askMaster(masterSocket, 'show proc')).match(/^\d+\s+worker/gm) ?? [];
  const before = await workers();

  const { isOther, renewed } = changeBetween(showing(first.pem), showing(second.pem));
  assert.equal(isOther, false);
  assert.equal(await proxy.engine.renew(renewed, signal), true);
  assert.equal(await serialOf(proxy), second.serial);
  await proxy.engine.keep(showing(second.pem));
  const broken = changeBetween(showing(second.pem), showing(first.pem.replace(/BEGIN CERTIFICATE/, 'BEGIN'))).renewed;
  assert.equal(await proxy.engine.renew(broken, signal), false);
  assert.equal(await serialOf(proxy), second.serial);
  assert.deepEqual(await workers(), before);

  await askMaster(masterSocket, 'reload');
  assert.notDeepEqual(await workers(), before);
  assert.equal(await serialOf(proxy), second.serial);
});

function serialOf({ ports }: RealHaproxy): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: ports.https, servername: 'a.test', rejectUnauthorized: false };
    const socket = connect(options, () => {
      resolve(socket.getPeerX509Certificate()?.serialNumber ?? '');
      socket.destroy();
    }).on('error', reject);
  });
}
