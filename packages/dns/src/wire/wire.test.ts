import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { questionBytesOf } from '../testing/questions.ts';
import { addressBytes, addressText, reversedAddress, reverseName } from './addresses.ts';
import { codes, types } from './codes.ts';
import { canonicalName, readName } from './names.ts';
import { type Query, readQuery } from './query.ts';
import { type Answer, answerOf, type Record } from './record.ts';
import { Replies } from './replies.ts';
import { readResponse } from './response.ts';
import { templateOf } from './template.ts';

const query = (bytes: Uint8Array): Query => {
  const read = readQuery(bytes);
  assert.ok(typeof read !== 'string');
  return read;
};
const WHOLE = { bytesMax: 65_535, ageSeconds: 0, turn: 0 };
const a = (address: string, name = 'x.cluster.local'): Record => ({ name, ttl: 30, data: { type: 'A', address } });
const addressesIn = (bytes: Uint8Array): string =>
  (readResponse(bytes)?.answer.answers ?? []).map(({ data }) => ('address' in data ? data.address : '?')).join(' ');

test('readQuery() is silent to answers and scraps, and refuses what it does not understand', () => {
  assert.equal(readQuery(new Uint8Array(5)), 'silence');
  assert.equal(readQuery(questionBytesOf('x', 1, { flags: 0x8000 })), 'silence');
  assert.equal(readQuery(questionBytesOf('x', 1, { flags: 0x1000 })), 'NOTIMP');
  assert.equal(readQuery(questionBytesOf('x', 1).subarray(0, 16)), 'FORMERR');
  const two = questionBytesOf('x', 1);
  two[5] = 2;
  assert.equal(readQuery(two), 'FORMERR');
});

test('readName() takes no name that points forward or to itself', () => {
  const header = new Uint8Array(12);
  assert.equal(readName(Uint8Array.from([...header, 0xc0, 12]), 12), undefined);
  assert.equal(readName(Uint8Array.from([...header, 0xc0, 14, 1, 97, 0]), 12), undefined);
  assert.equal(readName(Uint8Array.from([1, 97, 0, 0xc0, 0]), 3)?.text, 'a');
});

test('readName() keeps dots within labels apart from those between them', () => {
  assert.equal(readName(Uint8Array.from([3, 97, 46, 98, 1, 0, 0]), 0)?.text, 'a\\.b.\\000');
  assert.equal(canonicalName('A\\.b.C.'), 'a\\.b.c');
  for (const none of ['a..b', '.a', 'a'.repeat(64), `${'a.'.repeat(128)}`])
    assert.equal(canonicalName(none), undefined);
});

test('Replies.write() gives the question back as it was written, and its id', () => {
  const asked = questionBytesOf('X.clusTER.local', types.A, { id: 0xabcd });
  const bytes = new Replies().write(query(asked), templateOf(answerOf(0, [a('10.0.0.1')]), 'x.cluster.local'), WHOLE);
  assert.deepEqual([...bytes.subarray(12, asked.length)], [...asked.subarray(12)]);
  assert.deepEqual([...bytes.subarray(0, 2)], [0xab, 0xcd]);
  assert.equal(addressesIn(bytes), '10.0.0.1');
  // The name is pointed to: 16 bytes for a record.
  assert.equal(bytes.length, asked.length + 16);
});

test('Replies.write() never sends more than the client takes, and says that there is more', () => {
  const answers = Array.from({ length: 100 }, (_, i) => a(`10.0.0.${i}`));
  const template = templateOf(answerOf(0, answers), 'x.cluster.local');
  for (const udpBytes of [undefined, 0, 512, 1232]) {
    const asked = query(questionBytesOf('x.cluster.local', types.A, udpBytes === undefined ? {} : { udpBytes }));
    const bytes = new Replies().write(asked, template, { ...WHOLE, bytesMax: asked.udpBytes });
    assert.ok(bytes.length <= Math.max(udpBytes ?? 0, 512) && bytes.length > 480);
    assert.equal(readResponse(bytes)?.answer.isCut, true);
  }
  const whole = new Replies().write(query(questionBytesOf('x.cluster.local', types.A)), template, WHOLE);
  assert.deepEqual([readResponse(whole)?.answer.isCut, readResponse(whole)?.answer.answers.length], [false, 100]);
});

test('Replies.write() tells addresses in another order at each turn, and each of them', () => {
  const alias: Record = { name: 'x.cluster.local', ttl: 30, data: { type: 'CNAME', target: 'y.cluster.local' } };
  const answers = [alias, ...['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((ip) => a(ip, 'y.cluster.local'))];
  const asked = query(questionBytesOf('x.cluster.local', types.A));
  const template = templateOf(answerOf(0, answers), 'x.cluster.local');
  const turns = [0, 1, 2, 3].map((turn) => addressesIn(new Replies().write(asked, template, { ...WHOLE, turn })));
  assert.deepEqual(turns, [
    '? 10.0.0.1 10.0.0.2 10.0.0.3',
    '? 10.0.0.2 10.0.0.3 10.0.0.1',
    '? 10.0.0.3 10.0.0.1 10.0.0.2',
    '? 10.0.0.1 10.0.0.2 10.0.0.3',
  ]);
});

test('Replies.write() takes from times to live what has gone by, and never below nothing', () => {
  const asked = query(questionBytesOf('x.cluster.local', types.A));
  const template = templateOf(answerOf(0, [a('10.0.0.1'), a('10.0.0.2')]), 'x.cluster.local');
  const ttls = (ageSeconds: number) =>
    readResponse(new Replies().write(asked, template, { ...WHOLE, ageSeconds, turn: 1 }))?.answer.answers.map(
      ({ ttl }) => ttl,
    );
  assert.deepEqual(ttls(12), [18, 18]);
  assert.deepEqual(ttls(99), [0, 0]);
});

test('templateOf() writes targets of SRV in full: some clients take no others', () => {
  const target = 'db-0.x.cluster.local';
  const srv: Record = {
    name: 'x.cluster.local',
    ttl: 5,
    data: { type: 'SRV', priority: 0, weight: 1, port: 2, target },
  };
  const { ends } = templateOf({ ...answerOf(0, [srv]), additionals: [a('10.0.0.1', target)] }, 'x.cluster.local');
  const [first = 0, second = 0] = ends;
  // 12 bytes before the data, 6 of numbers, and the name; what comes later points to it.
  assert.deepEqual([first, second - first], [12 + 6 + target.length + 2, 16]);
});

test('readResponse() gives back what templateOf() wrote', () => {
  const records: readonly Record[] = [
    { name: 'a.b', ttl: 1, data: { type: 'SRV', priority: 1, weight: 2, port: 3, target: 'c.a.b' } },
    { name: 'c.a.b', ttl: 2, data: { type: 'AAAA', address: 'fd00::1' } },
    { name: 'a.b', ttl: 4, data: { type: 'MX', preference: 5, target: 'c.a.b' } },
    {
      name: 'b',
      ttl: 5,
      data: {
        type: 'SOA',
        server: 'ns.b',
        mail: 'm.b',
        serial: 4_000_000_000,
        refresh: 1,
        retry: 2,
        expire: 3,
        minimum: 4,
      },
    },
    { name: 'z', ttl: 6, data: { type: 'raw', number: 65_280, bytes: Uint8Array.from([1, 2, 3]) } },
  ];
  const answer: Answer = { ...answerOf(codes.NXDOMAIN, records), authorities: records, isAuthoritative: true };
  const bytes = new Replies().write(query(questionBytesOf('a.b', types.ANY)), templateOf(answer, 'a.b'), WHOLE);
  const read = readResponse(bytes)?.answer;
  assert.deepEqual([read?.answers, read?.authorities, read?.code], [records, records, codes.NXDOMAIN]);
});

test('nothing that is read throws, whatever the bytes', () => {
  const replies = new Replies();
  const template = templateOf(answerOf(0, [a('10.0.0.1')]), 'x');
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 600 }),
    // Nearly right ones get further in.
    fc
      .tuple(
        fc.uint8Array({ minLength: 1, maxLength: 60 }),
        fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 4 }),
      )
      .map(([tail, changes]) => {
        const all = Uint8Array.from([...questionBytesOf('a.b.cluster.local', 1, { udpBytes: 1232 }), ...tail]);
        for (const [at, value] of changes) all[at % all.length] = value;
        return all;
      }),
  );
  fc.assert(
    fc.property(bytes, (some) => {
      readResponse(some);
      const read = readQuery(some);
      if (read === 'silence') return;
      const reply =
        typeof read === 'string'
          ? replies.misfit(some, read)
          : replies.write(read, template, { ...WHOLE, bytesMax: 512 });
      assert.ok(reply.length <= 512);
    }),
    { numRuns: 3000 },
  );
});

test('addresses are read and written in their one form, and found in their reverse names', () => {
  for (const [text, one] of [
    ['FD00:0:0::1', 'fd00::1'],
    ['::', '::'],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['192.0.2.1', '192.0.2.1'],
  ] as const) {
    const bytes = addressBytes(text);
    assert.equal(bytes && addressText(bytes), one);
    assert.equal(reversedAddress(reverseName(text) ?? ''), one);
  }
  for (const none of ['', '1.2.3', '1.2.3.256', '01.2.3.4', ':::', '1::2::3', '12345::', 'x'])
    assert.equal(addressBytes(none), undefined, none);
});
