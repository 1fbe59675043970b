import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  assignSlots,
  type Backend,
  changeBetween,
  type EngineConfig,
  haproxyConfig,
  type Slots,
  textOf,
} from '../index.ts';

const endpoints = (...numbers: readonly number[]) => numbers.map((n) => ({ address: `10.0.0.${n}`, port: 80 }));
const backendOf = (...numbers: readonly number[]): Backend => ({
  id: 'b:one',
  owner: 'n/one',
  rules: [],
  forward: { protocol: 'http', endpoints: endpoints(...numbers) },
});
const places = (slots: Slots): readonly string[] =>
  (slots.get('b:one') ?? []).map((endpoint) => endpoint?.address.split('.')[3] ?? '-');
const settings = { socket: '/s', defaultCertificate: '', filesMax: 100 };
const config = (backends: readonly Backend[], slots: Slots): EngineConfig =>
  haproxyConfig({ entrances: [], backends }, slots, settings);

test('assignSlots() leaves who stays in place, gives empty places to who comes, and moves nobody', () => {
  const first = assignSlots(new Map(), [backendOf(1, 2, 3)]);
  assert.deepEqual(places(first), ['1', '2', '3', '-']);
  const second = assignSlots(first, [backendOf(1, 3, 4, 5)]);
  assert.deepEqual(places(second), ['1', '4', '3', '5']);
  const third = assignSlots(second, [backendOf(1, 3, 4, 5, 6)]);
  assert.deepEqual(places(third), ['1', '4', '3', '5', '6', '-', '-', '-']);
  const fewer = assignSlots(third, [backendOf(1)]);
  assert.deepEqual(places(fewer), ['1', '-', '-', '-', '-', '-', '-', '-']);
  assert.deepEqual(places(assignSlots(fewer, [backendOf(1)], true)), ['1', '-', '-', '-']);
  // The last place is taken: places before it stay, empty or not.
  assert.deepEqual(places(assignSlots(third, [backendOf(6)], true)), ['-', '-', '-', '-', '6', '-', '-', '-']);
});

test('changeBetween() tells what runs of endpoints, and needs another process for anything else', () => {
  const slots = assignSlots(new Map(), [backendOf(1, 2)]);
  const before = config([backendOf(1, 2)], slots);
  const next = (to: Backend): EngineConfig => config([to], assignSlots(slots, [to]));
  assert.deepEqual(changeBetween(before, next(backendOf(1, 2))), { isOther: false, commands: [], renewed: new Map() });
  assert.deepEqual(changeBetween(before, next(backendOf(2, 3))), {
    isOther: false,
    commands: [
      'set server b:one/s1 state maint',
      'set server b:one/s1 addr 10.0.0.3 port 80',
      'set server b:one/s1 state ready',
    ],
    renewed: new Map(),
  });
  assert.deepEqual(changeBetween(before, next(backendOf(1))).commands, ['set server b:one/s2 state maint']);
  const other: Backend = { ...backendOf(2), rules: [{ do: 'set-path', path: '/x' }] };
  assert.deepEqual(changeBetween(before, next(other)), {
    isOther: true,
    commands: ['set server b:one/s1 state maint'],
    renewed: new Map(),
  });
  assert.equal(changeBetween(undefined, before).isOther, true);
});

test('changeBetween() renews a certificate that there was, and needs another process for one more', () => {
  const shown = (...pems: readonly string[]): EngineConfig => {
    const certificates = pems.map((pem, n) => ({ id: `n/c${n}`, pem, hosts: [`h${n}.test`] }));
    const binds = [{ address: '127.0.0.1', port: 443, isTls: true }];
    return haproxyConfig(
      { entrances: [{ id: 'e', binds, certificates, routes: [] }], backends: [] },
      new Map(),
      settings,
    );
  };
  assert.deepEqual(changeBetween(shown('a', 'b'), shown('a', 'c')), {
    isOther: false,
    commands: [],
    renewed: new Map([['certificate-n_c1.pem', 'c']]),
  });
  assert.equal(changeBetween(shown('a'), shown('a', 'b')).isOther, true);
});

test('haproxyConfig() lets no text of anybody begin a line or a word of its own', () => {
  const evil = `x'\n  http-request deny\r%[env(HOME)] "$PATH" \\`;
  const backend: Backend = {
    ...backendOf(1),
    rules: [
      { do: 'set-host', host: evil },
      { do: 'respond', status: 200, text: evil },
      { do: 'ask-password', realm: evil, users: [{ name: evil, hash: evil }] },
      { do: 'send-to', location: evil, status: 302, onlyFrom: evil },
    ],
  };
  const text = textOf(config([backend], assignSlots(new Map(), [backend])), 'g');
  assert.doesNotMatch(text, /^\s*http-request deny/m);
  // What is filled in where it may be: a percent sign of anybody's is one.
  for (const line of text.split('\n').filter((one) => /set-header|redirect/.test(one)))
    assert.match(line.split(' code ')[0] ?? '', /[^%]%%\[env/);
  assert.match(text, /^ {2}http-request set-header host 'x'\\''/m);
});
