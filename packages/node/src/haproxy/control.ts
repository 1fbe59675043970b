import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** As much as an answer may say: what is asked here is answered in lines. */
const ANSWER_CHARS_MAX = 1024 * 1024;
const TIMEOUT_MS = 5_000;

/** Asks HAProxy over one of its sockets and takes the whole answer. Rejects where nobody listens, or says nothing in time. */
export function ask(socketPath: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = createConnection(socketPath);
    socket.setEncoding('utf8').setTimeout(TIMEOUT_MS);
    socket
      // It answers what it was asked, and ends the connection with it.
      .on('connect', () => socket.end(`${command}\n`))
      .on('data', (chunk: string) => {
        if (answer.length < ANSWER_CHARS_MAX) answer += chunk;
      })
      .on('timeout', () => socket.destroy(new Error(`no answer from ${socketPath} to ${command.slice(0, 60)}`)))
      .on('error', (error) => (answer === '' ? reject(error) : resolve(answer)))
      .on('close', () => resolve(answer));
  });
}

const RETRY_MS = 20;

/** As `ask`, of a master, which for a moment does not listen while it begins anew. */
export async function askMaster(socketPath: string, command: string): Promise<string> {
  for (const end = performance.now() + TIMEOUT_MS; ; await sleep(RETRY_MS)) {
    try {
      return await ask(socketPath, command);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!['ECONNREFUSED', 'ENOENT', 'ECONNRESET'].includes(code) || performance.now() > end) throw error;
    }
  }
}

/** A line of commands must fit into HAProxy's buffer. */
const LINE_CHARS_MAX = 8_000;

/**
 * Tells every worker of a master the same: the one that takes connections, and those of before that still have some. False
 * when the newest one did not understand; what older ones have not got is no matter.
 */
export async function tellWorkers(masterSocket: string, commands: readonly string[]): Promise<boolean> {
  const workers = workersIn(await askMaster(masterSocket, 'show proc'));
  const [newest] = workers;
  if (newest === undefined) return false;
  let isUnderstood = true;
  for (const pid of workers) {
    for (const line of chunked(commands, `@!${pid} `)) {
      // One that has ended meanwhile has nobody left to be told for.
      const answer = await askMaster(masterSocket, line).catch(() => 'error');
      if (pid === newest && /no such|invalid|unknown|can't|require|error|failed/i.test(answer)) isUnderstood = false;
    }
  }
  return isUnderstood;
}

/** Whether the newest worker alone takes connections: those before it hear a moment later that they are not to any more. */
export async function isTakenOver(masterSocket: string): Promise<boolean> {
  const [, ...former] = workersIn(await askMaster(masterSocket, 'show proc'));
  for (const pid of former) {
    // Of one that has ended the master says so.
    const frontends = await askMaster(masterSocket, `@!${pid} show stat -1 1 -1`);
    if (/,FRONTEND,(?:[^,\n]*,){15}OPEN,/.test(frontends)) return false;
  }
  return true;
}

/** Room for the command beside the certificates in HAProxy's buffer. */
const CERTIFICATE_CHARS_MAX = 15_000;

/** Shows another content of a file of certificates to whom comes from here on. False: it does not take it, and goes on as before. */
export async function renewCertificate(socketPath: string, file: string, pem: string): Promise<boolean> {
  // An empty line would end it.
  const text = pem.replaceAll(/\n\s*\n/g, '\n').trim();
  if (text.length > CERTIFICATE_CHARS_MAX) return false;
  const set = await ask(socketPath, `set ssl cert ${file} <<\n${text}\n`).catch(() => '');
  if (!/transaction (?:created|updated)/i.test(set)) return false;
  const committed = await ask(socketPath, `commit ssl cert ${file}`).catch(() => '');
  if (/success/i.test(committed)) return true;
  await ask(socketPath, `abort ssl cert ${file}`).catch(() => '');
  return false;
}

/** Numbers of the processes in a table of `show proc`, the newest first. */
function workersIn(table: string): readonly number[] {
  return table.split('\n').flatMap((line) => {
    const [, pid = '', type = ''] = /^(\d+)\s+(\S+)/.exec(line) ?? [];
    return type === 'worker' ? [Number(pid)] : [];
  });
}

function chunked(commands: readonly string[], head: string): readonly string[] {
  const lines: string[] = [];
  for (const command of commands) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + command.length < LINE_CHARS_MAX)
      lines[lines.length - 1] = `${last};${head}${command}`;
    else lines.push(`${head}${command}`);
  }
  return lines;
}
