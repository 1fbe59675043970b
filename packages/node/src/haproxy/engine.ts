import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Engine, type EngineConfig, GENERATION, type Refusal, structureOf, textOf } from '@navarch/ingress';
import { CommandError, programPath, runCommand } from '../host/command.ts';
import { endProcess } from '../host/end-process.ts';
import { identityOf, isAlive, type ProcessIdentity } from '../host/process-identity.ts';
import { commandLine, processIds } from '../host/processes.ts';
import { ask, askMaster, isTakenOver, renewCertificate, tellWorkers } from './control.ts';
import {
  currentConfig,
  dropCandidate,
  forgetOthers,
  type HaproxyLayout,
  haproxyLayout,
  makeCurrent,
  rewriteCurrent,
  writeCandidate,
} from './layout.ts';

/** Bound on the time until a process answers by what it was loaded with. */
const LOAD_MS = 20_000;
/** Who gets no answer by then is cut off when HAProxy ends. */
const END_MS = 5_000;
const LOG_BYTES_MAX = 1024 * 1024;

/**
 * HAProxy as a process of its own, a master with workers: it goes on serving when this program ends or is killed, and is
 * found again. Another configuration is read by a new worker that is handed the open ports; the old one ends what it began.
 */
export function haproxyEngine(dir: string): Engine {
  const layout = haproxyLayout(dir);
  let generation = '';

  return {
    async load(config, signal) {
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      const next = `${structureOf(config)}-${randomBytes(4).toString('hex')}`;
      const file = writeCandidate(layout, next, config, textOf(config, next));
      const refused = await check(file, config, signal);
      if (refused.length > 0) {
        dropCandidate(file);
        return refused;
      }
      const before = currentConfig(layout);
      makeCurrent(layout, file);
      const taken = await start(layout, { generation: next, config }, signal);
      if (taken.length > 0) {
        // What runs goes on as it was, and whoever starts it anew has it so.
        if (before !== undefined) makeCurrent(layout, before);
        dropCandidate(file);
        return taken;
      }
      generation = next;
      forgetOthers(layout);
      return [];
    },
    async tell(commands, signal) {
      signal.throwIfAborted();
      return tellWorkers(layout.masterSocket, commands);
    },
    async renew(certificates, signal) {
      for (const [file, pem] of certificates) {
        signal.throwIfAborted();
        if (!(await renewCertificate(layout.socket, file, pem))) return false;
      }
      return true;
    },
    async keep(config) {
      rewriteCurrent(layout, config, textOf(config, generation));
    },
    async stop(signal) {
      const running = runningProcess(layout);
      if (running) await endProcess(running, END_MS, signal);
      rmSync(dir, { recursive: true, force: true });
    },
    async isRunning() {
      return runningProcess(layout) !== undefined;
    },
  };
}

/** What the program that is to run says about it. */
async function check(file: string, config: EngineConfig, signal: AbortSignal): Promise<readonly Refusal[]> {
  try {
    await runCommand(['haproxy', '-c', '-f', file], {}, signal);
    return [];
  } catch (error) {
    if (!(error instanceof CommandError) || error.exitCode === undefined) throw error;
    return refusalsIn(error.stderr, file, config);
  }
}

/** Of the file's lines, which begin with 1, one more than ours is behind the first. */
const ownLine = (line: number): number => (line > 2 ? line - 2 : line - 1);

/** `[ALERT] ... : parsing [FILE:LINE] : words`, lines from 1, one more than ours behind the generation. */
function refusalsIn(stderr: string, file: string, config: EngineConfig): readonly Refusal[] {
  const alerts = stderr.split('\n').filter((line) => line.startsWith('[ALERT]'));
  const found = alerts.flatMap((alert): Refusal[] => {
    const [, line = '', words = ''] = /\[[^\]]*haproxy\.cfg:(\d+)\]\s*:?\s*(.*)$/.exec(alert) ?? [];
    const own = ownLine(Number(line));
    return line !== '' && config.lines[own] ? [{ line: own, words: words.replaceAll(file, 'the configuration') }] : [];
  });
  return found.length > 0 ? found : [{ line: undefined, words: alerts[0] ?? stderr.trim() }];
}

interface Wanted {
  readonly generation: string;
  readonly config: EngineConfig;
}

/** Gives the lines with places to listen at that somebody else has; then nothing has changed. */
async function start(
  layout: HaproxyLayout,
  { generation, config }: Wanted,
  signal: AbortSignal,
): Promise<readonly Refusal[]> {
  if (existsSync(layout.log) && statSync(layout.log).size > LOG_BYTES_MAX) truncateSync(layout.log);
  const logFrom = existsSync(layout.log) ? statSync(layout.log).size : 0;
  const running = runningProcess(layout);
  if (running) await askMaster(layout.masterSocket, 'reload');
  const process = running ?? launch(layout);
  const end = performance.now() + LOAD_MS;
  while (!(await worksBy(layout, generation)) || !(await isTakenOver(layout.masterSocket).catch(() => false))) {
    const isThere = isAlive(process);
    const words = complaints(layout, logFrom);
    if (words.length > 0 || !isThere) {
      const taken = takenPlaces(words, config);
      if (taken.length > 0 && (!isThere || running)) return taken;
    }
    if (!isThere) throw new Error(`HAProxy ended while starting: ${words[0] ?? 'it said nothing'}`);
    if (words.length > 0 && running) throw new Error(`HAProxy goes on as before: ${words[0]}`);
    if (performance.now() > end) throw new Error(`HAProxy does not take up its configuration after ${LOAD_MS} ms`);
    await sleep(10, undefined, { signal });
  }
  return [];
}

const PLACE = /^Binding \[[^\]]*haproxy\.cfg:(\d+)\] for [^:]*: (.*)$/;

/** `Binding [FILE:LINE] for frontend NAME: cannot bind socket (why) for [address:port]`, of lines that begin with where they are to listen. */
const takenPlaces = (words: readonly string[], config: EngineConfig): readonly Refusal[] =>
  words.flatMap((said) => {
    const [, line = '', why = ''] = PLACE.exec(said) ?? [];
    const own = ownLine(Number(line));
    return line !== '' && config.lines[own]?.owner !== undefined ? [{ line: own, words: why }] : [];
  });

async function worksBy(layout: HaproxyLayout, generation: string): Promise<boolean> {
  const answer = await ask(layout.socket, `show env ${GENERATION}`).catch(() => '');
  return answer.includes(`${GENERATION}=${generation}`);
}

/** What it complained about since. */
function complaints(layout: HaproxyLayout, from: number): readonly string[] {
  const said = readFileSync(layout.log).subarray(from).toString('utf8').split('\n');
  return said
    .filter((line) => line.startsWith('[ALERT]') && !line.includes('exited with code'))
    .map((line) => line.replace(/^\[ALERT\]\s*\(\d+\) : /, ''));
}

function launch(layout: HaproxyLayout): ProcessIdentity {
  const log = openSync(layout.log, 'a', 0o640);
  try {
    const child = spawn('haproxy', ['-W', '-db', '-S', `${layout.masterSocket},mode,600`, '-f', layout.config], {
      detached: true,
      cwd: '/',
      stdio: ['ignore', log, log],
      env: { PATH: programPath() },
    });
    child.on('error', () => undefined); // Without a process id, said below.
    child.unref();
    if (child.pid === undefined) throw new Error('cannot start haproxy: is it installed?');
    const identity = identityOf(child.pid);
    if (!identity) throw new Error(`HAProxy ended at once; its last words are in ${layout.log}`);
    writeFileSync(layout.record, `${JSON.stringify(identity)}\n`);
    return identity;
  } finally {
    closeSync(log);
  }
}

/** The master of this folder, if it runs. Who started it may have been killed before it could note it. */
function runningProcess(layout: HaproxyLayout): ProcessIdentity | undefined {
  if (existsSync(layout.record)) {
    const identity = recorded(layout.record);
    if (identity && isAlive(identity)) return identity;
  }
  const masters = processIds().filter((id) => {
    const words = commandLine(id);
    return (words[0] ?? '').endsWith('haproxy') && words.includes(`${layout.masterSocket},mode,600`);
  });
  // Workers have their master's words: it is the oldest.
  const [pid] = masters.sort((a, b) => a - b);
  return pid === undefined ? undefined : identityOf(pid);
}

function recorded(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity; // Ours; half of it where its writer was killed.
  } catch {
    return undefined;
  }
}
