import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type { FromWorker, Row, ToWorker } from './messages.ts';

// The disk's side of the store: it waits for fsync so that the main thread can go on collecting the next batch.

const SCHEMA_VERSION = 1;
const port = parentPort;
if (!port) throw new Error('sqlite.worker.ts runs in a worker thread');
const send = (message: FromWorker): void => port.postMessage(message);

let database: DatabaseSync | undefined;
let insert: StatementSync;

try {
  database = open((workerData as { readonly file: string }).file);
  insert = database.prepare('INSERT INTO change (revision, created, key, value) VALUES (?, ?, ?, ?)');
  send(state(database));
  port.on('message', (message: ToWorker) => handle(database as DatabaseSync, message));
} catch (error) {
  send({ type: 'failed', message: (error as Error).message });
  port.close();
}

function open(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: 0 });
  // Exclusive: a second server on the same file would give out the same revisions.
  db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000');
  const version = (db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
  if (version > SCHEMA_VERSION) throw new Error(`it was written by a newer release (schema ${version}, this one knows ${SCHEMA_VERSION})`);
  db.exec(`BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS change (revision INTEGER PRIMARY KEY, created INTEGER NOT NULL, key TEXT NOT NULL, value BLOB) STRICT;
    CREATE TABLE IF NOT EXISTS compaction (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL) STRICT;
    INSERT OR IGNORE INTO compaction VALUES (1, 0);
    PRAGMA user_version = ${SCHEMA_VERSION};
    COMMIT`);
  return db;
}

/** Everything live: per key its newest change, unless that was a deletion. */
function state(db: DatabaseSync): FromWorker {
  const rows = db.prepare('SELECT max(revision) AS revision, created, key, value FROM change GROUP BY key ORDER BY key').all() as unknown as Row[];
  const live = rows.filter((row) => row.value !== null);
  const { revision } = db.prepare('SELECT coalesce(max(revision), 0) AS revision FROM change').get() as { revision: number };
  const { compacted } = db.prepare('SELECT revision AS compacted FROM compaction').get() as { compacted: number };
  return { type: 'opened', rows: live, revision: Math.max(revision, compacted), compacted };
}

function handle(db: DatabaseSync, message: ToWorker): void {
  switch (message.type) {
    case 'write': return write(db, message.rows, message.batch);
    case 'compact': return compact(db, message.revision);
    case 'backup': return backup(db, message.file);
    case 'close':
      db.close();
      send({ type: 'closed' });
      return port?.close();
  }
}

function write(db: DatabaseSync, rows: readonly Row[], batch: number): void {
  try {
    db.exec('BEGIN IMMEDIATE');
    for (const { revision, created, key, value } of rows) insert.run(revision, created, key, value);
    db.exec('COMMIT');
    send({ type: 'written', batch });
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    send({ type: 'refused', batch, message: (error as Error).message });
  }
}

/** Drops changes up to `revision` that a later one of the same key has replaced, and deletions. */
function compact(db: DatabaseSync, revision: number): void {
  try {
    db.exec('BEGIN IMMEDIATE');
    db.prepare(`DELETE FROM change WHERE revision <= ?1 AND (value IS NULL OR revision NOT IN
      (SELECT max(revision) FROM change WHERE revision <= ?1 GROUP BY key))`).run(revision);
    db.prepare('UPDATE compaction SET revision = ?').run(revision);
    db.exec('COMMIT');
    send({ type: 'compacted' });
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    send({ type: 'compacted', message: (error as Error).message });
  }
}

function backup(db: DatabaseSync, file: string): void {
  try {
    db.prepare('VACUUM INTO ?').run(file);
    send({ type: 'backed-up' });
  } catch (error) {
    send({ type: 'backed-up', message: (error as Error).message });
  }
}
