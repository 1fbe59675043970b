import { createSocket } from 'node:dgram';
import type { Sample } from './benchmark.ts';
import { cpuSecondsOf } from './processes.ts';

/** Questions that wait for their answers at a time. */
const WINDOW = 32;
const QUESTION_TYPE_A = 1;
const STALL_MS = 2000;

export interface DnsLoad {
  readonly port: number;
  readonly pid: number;
  readonly names: readonly string[];
  readonly questions: number;
  /** The code that right answers have. */
  readonly code: number;
}

/** Asks so many questions over UDP, and says how many the server answers in a second of its own processor time. */
export async function dnsLoad({ port, pid, names, questions, code }: DnsLoad): Promise<Sample> {
  const messages = names.map(questionOf);
  const sentAt = new Float64Array(0x10000);
  const latencies: number[] = [];
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
  await new Promise<void>((resolve) => socket.connect(port, '127.0.0.1', () => resolve()));
  let [sent, wrong] = [0, 0];
  const ask = (): void => {
    const message = messages[sent % messages.length] as Buffer;
    const id = sent++ & 0xffff;
    message.writeUInt16BE(id);
    sentAt[id] = performance.now();
    socket.send(Buffer.from(message));
  };
  const cpuBefore = cpuSecondsOf(pid);
  const began = performance.now();
  await new Promise<void>((resolve, reject) => {
    let stall = setTimeout(reject, STALL_MS, new Error('the server stopped answering'));
    socket.on('error', reject);
    socket.on('message', (answer) => {
      latencies.push(performance.now() - (sentAt[answer.readUInt16BE(0)] as number));
      if (((answer[3] as number) & 0xf) !== code) wrong += 1;
      if (latencies.length >= questions) {
        clearTimeout(stall);
        resolve();
      } else if (sent < questions) ask();
      if (latencies.length % 1000 === 0) stall = stall.refresh();
    });
    for (let i = 0; i < WINDOW; i++) ask();
  }).finally(() => socket.close());
  if (wrong > 0) throw new Error(`${wrong} of ${questions} answers are not what they should be`);
  const seconds = (performance.now() - began) / 1000;
  const cpuSeconds = cpuSecondsOf(pid) - cpuBefore;
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  return {
    figure: questions / cpuSeconds,
    details: {
      cpuMicrosecondsEach: (cpuSeconds / questions) * 1e6,
      questionsPerSecond: questions / seconds,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
    },
  };
}

function questionOf(name: string): Buffer {
  const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
  const header = [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  return Buffer.from([...header, ...labels, 0, 0, QUESTION_TYPE_A, 0, 1]);
}
