import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type { FromWorker, Opening, ToWorker } from './messages.ts';
import type { NewRow, Row } from './rows.ts';
import { unpackRows } from './packed-rows.ts';

// The disk's side of the store: it waits for fsync so that the main thread can go on collecting the next batch.

const SCHEMA_VERSION = 1;
const PAGE_BYTES = 8192;
/** Changes that are read back at the start, for those who watched before it. */
const SINCE_MAX = 2000;
/** Rows dropped in one transaction of a compaction. */
const COMPACT_ROWS_MAX = 500;
/**
 * Bytes in the log from which on they are brought to the table as soon as nobody writes: it holds up writers for as long
 * as the disk takes for them. At the limit nobody is asked any more.
 */
const LOG_BYTES_MIN = 4 * 1024 * 1024;
const LOG_BYTES_MAX = 64 * 1024 * 1024;
/** Nobody writes when nothing came for so long. */
const REST_MS = 50;
const port = parentPort;
if (!port) throw new Error('sqlite.worker.ts runs in a worker thread');
const send = (message: FromWorker): void => port.postMessage(message);

let database: DatabaseSync | undefined;
let insert: StatementSync;
let remove: StatementSync;
/** A row that is replaced or a deletion, and the revision from which on nobody needs it. */
interface Garbage {
  readonly since: number;
  readonly revision: number;
}
/** In the order of `since`; those before `dropped` are gone from the table. */
const garbage: Garbage[] = [];
let dropped = 0;

try {
  database = open(workerData as Opening);
  insert = database.prepare('INSERT INTO change (revision, created, key, value) VALUES (?, ?, ?, ?)');
  remove = database.prepare('DELETE FROM change WHERE revision = ?');
  send(state(database));
  port.on('message', (message: ToWorker) => handle(database as DatabaseSync, message));
} catch (error) {
  send({ type: 'failed', message: (error as Error).message });
  port.close();
}

function open({ file, isSynced }: Opening): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: 0 });
  // An object is a few KB: it should not be torn over pages. Takes effect on a new file only.
  db.exec(`PRAGMA page_size = ${PAGE_BYTES}`);
  // Exclusive: a second server on the same file would give out the same revisions.
  db.exec(
    `PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = ${isSynced ? 'FULL' : 'OFF'}; PRAGMA wal_autocheckpoint = 0`,
  );
  const version = (db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
  if (version > SCHEMA_VERSION)
    throw new Error(`it was written by a newer release (schema ${version}, this one knows ${SCHEMA_VERSION})`);
  db.exec(`BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS change (revision INTEGER PRIMARY KEY, created INTEGER NOT NULL, key TEXT NOT NULL, value BLOB) STRICT;
    CREATE TABLE IF NOT EXISTS compaction (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL) STRICT;
    INSERT OR IGNORE INTO compaction VALUES (1, 0);
    PRAGMA user_version = ${SCHEMA_VERSION};
    COMMIT`);
  return db;
}

/** What the store begins with: everything as of a recent revision, the changes since, and what compaction may drop. */
function state(db: DatabaseSync): FromWorker {
  const { newest } = db.prepare('SELECT coalesce(max(revision), 0) AS newest FROM change').get() as { newest: number };
  const { compacted } = db.prepare('SELECT revision AS compacted FROM compaction').get() as { compacted: number };
  const recent = db
    .prepare('SELECT min(revision) AS first FROM (SELECT revision FROM change ORDER BY revision DESC LIMIT ?)')
    .get(SINCE_MAX) as { first: number | null };
  const base = Math.max(compacted, (recent.first ?? 1) - 1);
  const rows: Row[] = [];
  const read = db.prepare('SELECT revision, created, key, value FROM change WHERE revision = ?');
  for (const revision of liveAt(db, base)) rows.push(read.get(revision) as unknown as Row);
  const since = db
    .prepare('SELECT revision, created, key, value FROM change WHERE revision > ? ORDER BY revision')
    .all(base) as unknown as Row[];
  return {
    type: 'opened',
    rows: rows.sort((a, b) => (a.key < b.key ? -1 : 1)),
    base,
    since,
    revision: Math.max(newest, compacted),
  };
}

/** The revisions that were live at `base`. Notes on the way, for the whole table, what later rows have replaced. */
function liveAt(db: DatabaseSync, base: number): Iterable<number> {
  const newest = new Map<string, { readonly revision: number; readonly isDeletion: boolean }>();
  let live: readonly number[] | undefined;
  const take = (): readonly number[] =>
    [...newest.values()].filter((row) => !row.isDeletion).map((row) => row.revision);
  for (const row of db
    .prepare('SELECT revision, key, value IS NULL AS isDeletion FROM change ORDER BY revision')
    .iterate() as Iterable<{ revision: number; key: string; isDeletion: number }>) {
    if (row.revision > base) live ??= take();
    const isDeletion = row.isDeletion === 1;
    noteGarbage(row.revision, newest.get(row.key)?.revision ?? 0, isDeletion);
    newest.set(row.key, { revision: row.revision, isDeletion });
  }
  return live ?? take();
}

function noteGarbage(revision: number, replaces: number, isDeletion: boolean): void {
  if (replaces > 0) garbage.push({ since: revision, revision: replaces });
  if (isDeletion) garbage.push({ since: revision, revision });
}

function handle(db: DatabaseSync, message: ToWorker): void {
  switch (message.type) {
    case 'write':
      return write(db, unpackRows(message.rows), message.batch);
    case 'compact':
      return compact(db, message.revision);
    case 'backup':
      return backup(db, message.file);
    case 'check':
      return check(db, message.bytes);
    case 'close':
      clearTimeout(resting);
      db.close();
      send({ type: 'closed' });
      return port?.close();
  }
}

function write(db: DatabaseSync, rows: readonly NewRow[], batch: number): void {
  try {
    db.exec('BEGIN IMMEDIATE');
    for (const { revision, created, key, value } of rows) insert.run(revision, created, key, value);
    db.exec('COMMIT');
    for (const { revision, value, replaces } of rows) noteGarbage(revision, replaces, value === null);
    send({ type: 'written', batch });
    logged(
      db,
      rows.reduce((bytes, { key, value }) => bytes + key.length + (value?.length ?? 0), PAGE_BYTES),
    );
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    send({ type: 'refused', batch, message: (error as Error).message });
  }
}

let logBytes = 0;
let resting: NodeJS.Timeout | undefined;

/** Counts about what a transaction added to the log, and brings it to the table when there is time, or no room. */
function logged(db: DatabaseSync, bytes: number): void {
  logBytes += bytes;
  if (logBytes >= LOG_BYTES_MAX) return checkpoint(db);
  if (logBytes < LOG_BYTES_MIN) return;
  if (resting) resting.refresh();
  else resting = setTimeout(() => checkpoint(db), REST_MS);
}

/** What fails here is in the log still, and tried again: only a write that the disk refuses is anybody's concern. */
function checkpoint(db: DatabaseSync): void {
  clearTimeout(resting);
  resting = undefined;
  logBytes = 0;
  try {
    db.exec('PRAGMA wal_checkpoint(PASSIVE)');
  } catch {
    logBytes = LOG_BYTES_MIN;
  }
}

/** Drops what nobody can ask for once history up to `revision` is forgotten, a little at a time: writers come between. */
function compact(db: DatabaseSync, revision: number): void {
  let end = dropped;
  while (end - dropped < COMPACT_ROWS_MAX && (garbage[end]?.since ?? Infinity) <= revision) end += 1;
  const isLast = end - dropped < COMPACT_ROWS_MAX;
  try {
    db.exec('BEGIN IMMEDIATE');
    for (let i = dropped; i < end; i++) remove.run((garbage[i] as Garbage).revision);
    db.prepare('UPDATE compaction SET revision = max(revision, ?)').run(
      isLast ? revision : (garbage[end - 1] as Garbage).since,
    );
    db.exec('COMMIT');
    logged(db, (end - dropped + 1) * PAGE_BYTES);
    dropped = end;
    if (!isLast) return void setImmediate(() => compact(db, revision));
    garbage.splice(0, dropped);
    dropped = 0;
    send({ type: 'compacted' });
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    send({ type: 'compacted', message: (error as Error).message });
  }
}

/** Writes as much as was refused, for small writes find room in the log where large ones do not, and takes it away again. */
function check(db: DatabaseSync, bytes: number): void {
  try {
    if (bytes > 0)
      db.exec(`DROP TABLE IF EXISTS probe; CREATE TABLE probe AS SELECT zeroblob(${bytes}) AS value; DROP TABLE probe`);
    else db.exec('SELECT revision FROM compaction');
    send({ type: 'checked' });
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    send({ type: 'checked', message: (error as Error).message });
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
