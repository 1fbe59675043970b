import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { AuditEvent } from '@navarch/apiserver';
import { silent } from '@navarch/base';
import { systemClock } from '../system/index.ts';
import { AuditLog } from './audit-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'navarch-audit-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const event = (auditID: string): AuditEvent => ({
  kind: 'Event',
  apiVersion: 'audit.k8s.io/v1',
  level: 'Metadata',
  auditID,
  stage: 'ResponseComplete',
  requestURI: '/api/v1/pods?limit=1',
  verb: 'list',
  user: { username: 'bob', groups: ['a', 'b'] },
  sourceIPs: ['10.0.0.1'],
  userAgent: 'x',
  objectRef: { resource: 'pods', namespace: 'd' },
  responseStatus: { metadata: {}, code: 200 },
  requestReceivedTimestamp: '2026-01-01T00:00:00.000000Z',
  stageTimestamp: '2026-01-01T00:00:01.000000Z',
});
const defaults = { format: 'json', sizeMegabytesMax: 0, backupsMax: 0, ageDaysMax: 0, isCompressed: false } as const;

test('AuditLog writes one line of JSON per event, and goes on after what is there', async () => {
  const path = join(folder, 'new/audit.log');
  for (const id of ['1', '2']) {
    await using log = new AuditLog({ ...defaults, path }, systemClock, silent);
    log.write(event(id));
  }
  assert.deepEqual(
    readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [event('1'), event('2')],
  );
});

test('AuditLog writes the older format as upstream does', async () => {
  const path = join(folder, 'legacy.log');
  {
    await using log = new AuditLog({ ...defaults, path, format: 'legacy' }, systemClock, silent);
    log.write(event('1'));
  }
  assert.equal(
    readFileSync(path, 'utf8'),
    '2026-01-01T00:00:01.000000Z AUDIT: id="1" stage="ResponseComplete" ip="10.0.0.1" method="list" user="bob" groups="\\"a\\",\\"b\\"" as="<self>" asgroups="\\"<lookup>\\"" user-agent="x" namespace="d" uri="/api/v1/pods?limit=1" response="200"\n',
  );
});

test('AuditLog puts a file aside that has grown, keeps so many, and compresses them', async () => {
  const path = join(folder, 'big/audit.log');
  // What was written before is on the disk then: it waited for the same.
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const large = { ...event('x'), userAgent: 'a'.repeat(600_000) };
  {
    await using log = new AuditLog(
      { ...defaults, path, sizeMegabytesMax: 1, backupsMax: 2, isCompressed: true },
      systemClock,
      silent,
    );
    for (let i = 0; i < 6; i++) {
      log.write(large);
      await turn();
    }
  }
  const files = readdirSync(join(folder, 'big')).sort();
  assert.equal(files.at(-1), 'audit.log');
  assert.match(files[0] ?? '', /^audit-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}\.log\.gz$/);
  assert.ok(files.length >= 3 && files.length <= 4, files.join());
  assert.deepEqual(
    JSON.parse(
      gunzipSync(readFileSync(join(folder, 'big', files[0] ?? '')))
        .toString()
        .split('\n')[0] ?? '',
    ),
    large,
  );
});
