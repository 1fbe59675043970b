import { createHash, randomBytes } from 'node:crypto';
import { PassThrough, Readable, Writable } from 'node:stream';
import { Exec, KubeConfig, PortForward, type V1Status } from '@kubernetes/client-node';

// Streams as the JavaScript client has them, which speaks WebSocket alone. Prints what it saw as one line of JSON.
// Arguments: pod, container.

const [pod = '', container = ''] = process.argv.slice(2);
const config = new KubeConfig();
config.loadFromDefault();

class Collected extends Writable {
  readonly parts: Buffer[] = [];
  readonly isTTY = true;
  rows = 37;
  columns = 101;

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.parts.push(chunk);
    callback();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.parts);
  }
}

interface Outcome {
  readonly out: Buffer;
  readonly error: string;
  readonly status: V1Status;
}

async function exec(command: readonly string[], stdin: Readable | null, tty = false): Promise<Outcome> {
  const [out, error] = [new Collected(), new Collected()];
  const status = await new Promise<V1Status>((resolve, reject) => {
    new Exec(config)
      .exec('default', pod, container, [...command], out, error, stdin, tty, resolve)
      .then(
        (socket) => socket.on('close', () => setImmediate(() => reject(new Error('closed without a status')))),
        reject,
      );
  });
  return { out: out.bytes, error: error.bytes.toString(), status };
}

const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

async function page(): Promise<string> {
  const [input, output, problems] = [new PassThrough(), new Collected(), new Collected()];
  const socket = await new PortForward(config).portForward('default', pod, [80], output, problems, input);
  input.write('GET / HTTP/1.0\r\n\r\n');
  await new Promise((resolve) => ('on' in socket ? socket : socket()!).on('close', resolve));
  return output.bytes.toString().split('\r\n')[0] ?? '';
}

const plain = await exec(['sh', '-c', 'echo out; echo err >&2; exit 4'], null);
const sent = randomBytes(8 * 1024 * 1024);
const echoed = await exec(['cat'], Readable.from([sent.subarray(0, 3_000_000), sent.subarray(3_000_000)]));
const terminal = await exec(['sh', '-c', 'sleep 1; stty size'], new PassThrough(), true);
process.stdout.write(
  `${JSON.stringify({
    out: plain.out.toString(),
    error: plain.error,
    code: plain.status.details?.causes?.[0]?.message,
    isEchoed: hash(echoed.out) === hash(sent),
    echo: echoed.status.status,
    size: terminal.out.toString().trim(),
    page: await page(),
  })}\n`,
);
process.exit(0);
