import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RpcError } from '@navarch/kubelet';
import { GrpcChannel } from './channel.ts';
import type { Methods } from './description.ts';
import { type Answer, serveGrpc } from './server.ts';

const protocol = {
  enums: {},
  messages: { Word: [['text', 1, 'string', 'single']] },
  methods: {
    say: ['/test.Words/Say', 'Word', 'Word', false],
    repeat: ['/test.Words/Repeat', 'Word', 'Word', true],
    unknown: ['/test.Words/Unknown', 'Word', 'Word', false],
  } as const satisfies Methods,
} as const;
interface Word {
  readonly text: string;
}

async function served(answers: Readonly<Record<string, Answer>>): Promise<AsyncDisposable & { readonly path: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'navarch-grpc-'));
  const path = join(dir, 'words.sock');
  const server = await serveGrpc(path, [{ protocol, answers }]);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      assert.deepEqual(await readdir(dir), [], 'the socket is removed');
      await rm(dir, { recursive: true });
    },
  };
}

const { signal } = new AbortController();

test('serveGrpc() answers calls, streams, and refuses in the words of the answer', async () => {
  await using server = await served({
    async say({ text }: Word) {
      if (text === 'no') throw new RpcError('FAILED_PRECONDITION', 'not now');
      if (text === 'bug') throw new Error('of our own');
      return { text: text.toUpperCase() };
    },
    async *repeat({ text }: Word) {
      for (let i = 0; i < 3; i++) yield { text: `${text}${i}` };
    },
  });
  using channel = new GrpcChannel(server.path, protocol);
  assert.deepEqual(await channel.call('say', { text: 'yes' }, 5000, signal), { text: 'YES' });
  const refusal = (text: string): Promise<unknown> => channel.call('say', { text }, 5000, signal).catch(String);
  assert.equal(await refusal('no'), 'RpcError: rpc error: code = FailedPrecondition desc = not now');
  assert.equal(await refusal('bug'), 'RpcError: rpc error: code = Unknown desc = of our own');
  const heard: unknown[] = [];
  for await (const message of channel.stream('repeat', { text: 'a' }, signal)) heard.push(message);
  assert.deepEqual(heard, [{ text: 'a0' }, { text: 'a1' }, { text: 'a2' }]);
  await assert.rejects(channel.call('unknown', {}, 5000, signal), (error) => RpcError.is(error, 'UNIMPLEMENTED'));
});

test('GrpcChannel says in the words of events that no answer came in time, and leaves what was answered', async () => {
  await using server = await served({
    say: async ({ text }: Word) => {
      if (text === 'late') throw new RpcError('DEADLINE_EXCEEDED', 'the disk is slow');
      return new Promise(() => undefined);
    },
  });
  using channel = new GrpcChannel(server.path, protocol);
  const refusal = (text: string): Promise<unknown> => channel.call('say', { text }, 200, signal).catch(String);
  assert.equal(await refusal('hang'), 'RpcError: rpc error: code = DeadlineExceeded desc = context deadline exceeded');
  assert.equal(await refusal('late'), 'RpcError: rpc error: code = DeadlineExceeded desc = the disk is slow');
});

test('serveGrpc() tells an answer that its caller is gone', async () => {
  const { promise: gone, resolve } = Promise.withResolvers<string>();
  await using server = await served({
    say: (_: Word, ended) => new Promise(() => ended.addEventListener('abort', () => resolve('ended'), { once: true })),
  });
  using channel = new GrpcChannel(server.path, protocol);
  const end = new AbortController();
  const call = channel.call('say', {}, undefined, end.signal);
  await channel.ready(5000);
  setTimeout(() => end.abort(new Error('enough')), 50);
  await assert.rejects(call, /enough/);
  assert.equal(await gone, 'ended');
});
