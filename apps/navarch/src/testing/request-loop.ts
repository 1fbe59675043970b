import { Agent, request as httpRequest } from 'node:http';
import { Agent as SecureAgent, request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

// Asks an Ingress on this machine without a pause until it is told to end (SIGTERM): on connections that are kept and on new
// ones, with TLS and without. Then it writes how often it got its answer, and everything else that it got.

const [plain = '', secured = ''] = process.argv.slice(2);
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());

let answers = 0;
const others: string[] = [];
const kept = new Agent({ keepAlive: true });
const keptSecure = new SecureAgent({ keepAlive: true, rejectUnauthorized: false });

function ask(host: string, isTls: boolean, isKept: boolean): Promise<void> {
  const options = {
    host: '127.0.0.1',
    port: isTls ? 443 : 80,
    path: '/',
    headers: { host },
    servername: host,
    rejectUnauthorized: false,
    agent: isKept ? (isTls ? keptSecure : kept) : false,
  } as const;
  return new Promise((resolve) => {
    const other = (what: string): void => {
      others.push(`${new Date().toISOString()} ${isTls ? 'https' : 'http'} ${isKept ? 'kept' : 'new'}: ${what}`);
      resolve();
    };
    (isTls ? httpsRequest : httpRequest)(options, (response) => {
      response.resume();
      response.on('error', (error) => other(error.message));
      response.on('end', () => {
        if (response.statusCode !== 200) return other(`status ${response.statusCode}`);
        answers += 1;
        resolve();
      });
    })
      .on('error', (error) => other(error.message))
      .end();
  });
}

async function loop(...question: Parameters<typeof ask>): Promise<void> {
  while (!stop.signal.aborted) {
    await ask(...question);
    await sleep(5);
  }
}

const each = <T>(count: number, make: () => T): readonly T[] => Array.from({ length: count }, make);
const loops = [
  ...each(4, () => loop(plain, false, true)),
  ...each(2, () => loop(plain, false, false)),
  ...each(2, () => loop(secured, true, true)),
  ...each(1, () => loop(secured, true, false)),
];
for (const one of loops) await one;
process.stdout.write(`${JSON.stringify({ answers, others })}\n`);
process.exit(0);
