import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { connect, type TLSSocket } from 'node:tls';
import type { FuzzRequest } from './requests.ts';
import type { FuzzTarget } from './target.ts';

/** What became of a request; a status of 0: the connection was closed without an answer. */
export interface Outcome {
  readonly status: number;
  readonly isStream: boolean;
  /** The answer, or its beginning. */
  readonly body: Buffer;
  readonly problem?: string;
}

/** An answer that does not come: counted in beats, which come late where the machine has no time for this process. */
const ANSWER_BEATS_MAX = 200;
const BEAT_MS = 100;
/** How long a stream is listened to. */
const STREAM_MS = 30;
const HEAD_END = '\r\n\r\n';

/** What clearTimeout() ends. */
function afterBeats(then: () => void): NodeJS.Timeout {
  let beats = 0;
  const timer = setInterval(() => {
    if (++beats < ANSWER_BEATS_MAX) return;
    clearInterval(timer);
    then();
  }, BEAT_MS);
  return timer;
}

/** Sends requests one after the other, and begins anew whenever the connection is gone. */
export class Lane implements AsyncDisposable {
  readonly #target: FuzzTarget;
  #socket: TLSSocket | undefined;
  #session: ClientHttp2Session | undefined;

  constructor(target: FuzzTarget) {
    this.#target = target;
  }

  send(request: FuzzRequest): Promise<Outcome> {
    return request.way === 'http2' ? this.#overHttp2(request) : this.#overHttp1(request);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket?.destroy();
    this.#session?.destroy();
  }

  #credentials(): { ca: string; cert: string; key: string } {
    const { authority, admin } = this.#target;
    return { ca: authority, cert: admin.certificate, key: admin.key };
  }

  async #dialled(): Promise<TLSSocket> {
    if (this.#socket && !this.#socket.destroyed) return this.#socket;
    const socket = connect({
      host: '127.0.0.1',
      port: this.#target.port,
      ALPNProtocols: ['http/1.1'],
      ...this.#credentials(),
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
    });
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    return (this.#socket = socket);
  }

  async #overHttp1(request: FuzzRequest): Promise<Outcome> {
    let socket: TLSSocket;
    try {
      socket = await this.#dialled();
    } catch (error) {
      const problem = `no connection: ${(error as Error).message}`;
      return { status: 0, isStream: false, body: Buffer.alloc(0), problem };
    }
    const outcome = await new Promise<Outcome>((resolve) => {
      const answer = new Http1Answer(request.method);
      const finish = (outcome: Outcome, keeps: boolean): void => {
        clearTimeout(timer);
        socket.removeAllListeners('data').removeAllListeners('close');
        if (!keeps) socket.destroy();
        resolve(outcome);
      };
      let timer = afterBeats(() =>
        finish({ status: answer.status, isStream: false, body: answer.body, problem: 'no answer came' }, false),
      );
      socket.on('data', (chunk: Buffer) => {
        answer.take(chunk);
        if (answer.isComplete)
          return finish(
            { status: answer.status, isStream: false, body: answer.body },
            answer.keepsAlive && answer.status >= 200 && request.way === 'http1',
          );
        if (!answer.isOpenEnded) return;
        clearTimeout(timer);
        timer = setTimeout(
          () => finish({ status: answer.status, isStream: true, body: answer.body }, false),
          STREAM_MS,
        );
      });
      socket.on('close', () =>
        finish({ status: answer.status, isStream: answer.isOpenEnded, body: answer.body }, false),
      );
      socket.write(bytesOf(request));
    });
    return outcome;
  }

  #overHttp2({ method, target, headers, body }: FuzzRequest): Promise<Outcome> {
    if (!this.#session || this.#session.destroyed || this.#session.closed) {
      this.#session = connectHttp2(`https://127.0.0.1:${this.#target.port}`, this.#credentials());
      this.#session.on('error', () => undefined);
    }
    const session = this.#session;
    return new Promise((resolve) => {
      let [status, isOpen] = [0, false];
      const chunks: Buffer[] = [];
      const done = (problem?: string): void => {
        clearTimeout(timer);
        resolve({
          status,
          isStream: isOpen,
          body: Buffer.concat(chunks),
          ...(problem === undefined ? {} : { problem }),
        });
      };
      let timer = afterBeats(() => done('no answer came'));
      try {
        const stream = session.request(
          {
            ...Object.fromEntries(headers.filter(([name]) => name !== 'connection')),
            ':method': method === 'CONNECT' ? 'GET' : method,
            ':path': target,
          },
          { endStream: body.length === 0 },
        );
        stream.on('response', (head) => {
          status = Number(head[':status']);
          isOpen = head['content-length'] === undefined && /watch/.test(target);
          if (!isOpen) return;
          clearTimeout(timer);
          timer = setTimeout(() => stream.close(), STREAM_MS);
        });
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('error', () => undefined);
        stream.on('close', () => done());
        if (body.length > 0) stream.end(body);
      } catch {
        done(); // Node's client refuses what is no header: that was not sent.
      }
    });
  }
}

const line = (text: string): string => text.replaceAll(/[\r\n]/g, ' ');

function bytesOf({ way, method, target, headers, body, frames }: FuzzRequest): Buffer {
  const upgrade =
    way === 'websocket'
      ? [
          'connection: Upgrade',
          'upgrade: websocket',
          'sec-websocket-version: 13',
          'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==',
        ]
      : [];
  const lines = [
    `${method} ${line(target)} HTTP/1.1`,
    'host: 127.0.0.1',
    ...upgrade,
    ...headers
      .filter(([name]) => upgrade.length === 0 || name !== 'connection')
      .map(([name, value]) => `${line(name)}: ${line(value)}`),
    ...(body.length > 0 || !['GET', 'HEAD'].includes(method) ? [`content-length: ${body.length}`] : []),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}${HEAD_END}`), body, frames]);
}

/** As much of HTTP/1.1 as tells where an answer ends. */
class Http1Answer {
  status = 0;
  body: Buffer = Buffer.alloc(0);
  keepsAlive = true;
  isComplete = false;
  /** It has no length: a stream, or one that ends with the connection. */
  isOpenEnded = false;
  readonly #method: string;
  #bytes: Buffer = Buffer.alloc(0);
  #bodyStart = -1;
  #length: number | undefined;
  /** What came after the beginning, until it is all there. */
  readonly #rest: Buffer[] = [];
  #restBytes = 0;
  #isChunked = false;

  constructor(method: string) {
    this.#method = method;
  }

  take(chunk: Buffer): void {
    // A long answer is joined once: to join it again for every chunk would take longer than to make it.
    if (this.#length !== undefined) {
      this.#rest.push(chunk);
      this.#restBytes += chunk.length;
      this.isComplete = this.body.length + this.#restBytes >= this.#length;
      if (this.isComplete) this.body = Buffer.concat([this.body, ...this.#rest]);
      return;
    }
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    if (this.#bodyStart < 0 && !this.#head()) return;
    const rest = this.#bytes.subarray(this.#bodyStart);
    this.body = rest;
    const isBare = this.#method === 'HEAD' || this.status === 204 || this.status === 304;
    if (isBare) this.isComplete = true;
    else if (this.#length !== undefined) this.isComplete = rest.length >= this.#length;
    else if (this.#isChunked && rest.subarray(-5).toString() === '0\r\n\r\n') this.isComplete = true;
    else this.isOpenEnded = true;
  }

  #head(): boolean {
    const end = this.#bytes.indexOf(HEAD_END);
    if (end < 0) return false;
    const head = this.#bytes.subarray(0, end).toString('latin1');
    this.#bodyStart = end + HEAD_END.length;
    this.status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
    if (this.status === 100) {
      this.#bytes = this.#bytes.subarray(this.#bodyStart);
      this.#bodyStart = -1;
      return this.#head();
    }
    this.#length = /\r\ncontent-length: (\d+)/i.test(head)
      ? Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1])
      : undefined;
    this.#isChunked = /\r\ntransfer-encoding: chunked/i.test(head);
    this.keepsAlive = !/\r\nconnection: close/i.test(head);
    return true;
  }
}
