import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HttpRefusal } from './refusal.ts';
import { streamRequest } from './streams.ts';

const read = (url: string) => {
  const { pathname, searchParams } = new URL(url, 'https://kubelet');
  return streamRequest(
    pathname.split('/').filter((part) => part !== ''),
    searchParams,
  );
};
const all = { stdin: true, stdout: true, stderr: true, tty: false };

test('streamRequest() reads exec and attach, with and without the uid of the pod', () => {
  assert.deepEqual(read('/exec/ns/p/c?input=1&output=1&error=1&command=ls&command=-l'), {
    what: 'exec',
    namespace: 'ns',
    pod: 'p',
    uid: undefined,
    container: 'c',
    streams: all,
    command: ['ls', '-l'],
  });
  assert.deepEqual(read('/attach/ns/p/u/c?input=1&output=1&error=1'), {
    what: 'attach',
    namespace: 'ns',
    pod: 'p',
    uid: 'u',
    container: 'c',
    streams: all,
  });
});

test('streamRequest() gives a terminal no stderr', () => {
  assert.deepEqual((read('/exec/ns/p/c?input=1&output=1&error=1&tty=1') as { streams: unknown }).streams, {
    ...all,
    stderr: false,
    tty: true,
  });
});

test('streamRequest() reads the ports of a port-forward, single or in lists', () => {
  assert.deepEqual(read('/portForward/ns/p/u?port=80&port=81,82'), {
    what: 'portForward',
    namespace: 'ns',
    pod: 'p',
    uid: 'u',
    ports: [80, 81, 82],
  });
  assert.deepEqual(read('/portForward/ns/p'), {
    what: 'portForward',
    namespace: 'ns',
    pod: 'p',
    uid: undefined,
    ports: [],
  });
});

test('streamRequest() refuses what is none, in upstream’s words', () => {
  for (const [url, status, message] of [
    ['/exec/ns/p/c', 400, 'you must specify at least 1 of stdin, stdout, stderr'],
    ['/exec/ns/p', 404, '404 page not found\n'],
    ['/exec/a/b/c/d/e?output=1', 404, '404 page not found\n'],
    ['/other/ns/p/c?output=1', 404, '404 page not found\n'],
    ['/portForward/ns/p?port=x', 400, 'unable to parse "x" as a port: invalid syntax'],
    ['/portForward/ns/p?port=65536', 400, 'unable to parse "65536" as a port: invalid syntax'],
    ['/portForward/ns/p?port=0', 400, 'port "0" must be > 0'],
    ['/portForward/ns/p?port=', 400, 'query parameter "port" cannot be empty'],
  ] as const)
    assert.throws(
      () => read(url),
      (error) => error instanceof HttpRefusal && error.status === status && error.message === message,
      url,
    );
});
