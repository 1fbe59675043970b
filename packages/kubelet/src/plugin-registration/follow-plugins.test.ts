import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silent } from '@navarch/base';
import { SimClock } from '@navarch/sim';
import { followPlugins } from './follow-plugins.ts';
import type { PluginKind } from './plugin-kind.ts';
import { MemorySockets } from './testing/memory-sockets.ts';

const DIR = '/kubelet/plugins_registry';
const SOCKET = `${DIR}/a-reg.sock`;

interface Told {
  readonly events: readonly string[];
  readonly told: readonly string[];
}

type Turn = (sockets: MemorySockets) => void;

/** Plays the turns ten seconds apart. What a plugin says its versions are is what happens to it. */
async function play(...turns: readonly Turn[]): Promise<Told> {
  const clock = new SimClock();
  const sockets = new MemorySockets();
  const events: string[] = [];
  const kind: PluginKind = {
    type: 'CSIPlugin',
    check({ versions }) {
      if (versions.includes('old')) throw new Error('too old');
    },
    async begin({ name, endpoint, versions }, signal) {
      events.push(`begin ${name} at ${endpoint}`);
      if (versions.includes('broken')) throw new Error('broken');
      if (versions.includes('slow')) await clock.sleep(60_000, signal);
    },
    end: ({ name, endpoint }) => void events.push(`end ${name} at ${endpoint}`),
  };
  const stop = new AbortController();
  const done = followPlugins({ sockets, dir: DIR, kinds: [kind], clock, log: silent }, stop.signal);
  for (const turn of turns) {
    turn(sockets);
    await clock.advance(10_000);
  }
  stop.abort(new Error('over'));
  await done;
  return { events, told: sockets.told };
}

test('followPlugins() takes a plugin once, at the socket it names, and ends with it when its socket goes', async () => {
  const put: Turn = (sockets) => sockets.put(SOCKET, { endpoint: '/plugins/a/csi.sock' });
  assert.deepEqual(
    await play(
      put,
      () => undefined,
      (sockets) => sockets.remove(SOCKET),
    ),
    {
      events: ['begin a.example.com at /plugins/a/csi.sock', 'end a.example.com at /plugins/a/csi.sock'],
      told: [`${SOCKET}: registered`],
    },
  );
});

test('followPlugins() takes a plugin anew whose socket was made anew; without an endpoint it is that socket', async () => {
  const put: Turn = (sockets) => sockets.put(SOCKET, {});
  assert.deepEqual((await play(put, put)).events, [
    `begin a.example.com at ${SOCKET}`,
    `end a.example.com at ${SOCKET}`,
    `begin a.example.com at ${SOCKET}`,
  ]);
});

test('followPlugins() asks one that does not answer again, ever more rarely', async () => {
  const { events, told } = await play(
    (sockets) => sockets.put(SOCKET),
    (sockets) => {
      sockets.info = async () => ({ type: 'CSIPlugin', name: 'late', endpoint: '', supportedVersions: [] });
    },
  );
  assert.deepEqual([events, told], [[`begin late at ${SOCKET}`], [`${SOCKET}: registered`]]);
});

test('followPlugins() ends with a plugin whose socket goes while it is begun with', async () => {
  const { events, told } = await play(
    (sockets) => sockets.put(SOCKET, { supportedVersions: ['slow'] }),
    (sockets) => sockets.remove(SOCKET),
  );
  assert.deepEqual([events, told], [[`begin a.example.com at ${SOCKET}`, `end a.example.com at ${SOCKET}`], []]);
});

const refused: Readonly<Record<string, readonly [info: object, error: string, tries: number]>> = {
  'of a kind that nobody takes': [
    { type: 'Other' },
    `RegisterPlugin error -- no handler registered for plugin type: Other at socket ${SOCKET}`,
    5,
  ],
  'that is not fit': [
    { supportedVersions: ['old'] },
    'RegisterPlugin error -- plugin validation failed with err: too old',
    5,
  ],
  // Its process ends on this, and comes again with a new socket.
  'that cannot be used': [
    { supportedVersions: ['broken'] },
    'RegisterPlugin error -- plugin registration failed with err: broken',
    1,
  ],
};
for (const [name, [info, error, tries]] of Object.entries(refused)) {
  test(`followPlugins() tells a plugin ${name} why`, async () => {
    const { told } = await play((sockets) => sockets.put(SOCKET, info));
    assert.deepEqual(
      told,
      Array.from({ length: tries }, () => `${SOCKET}: ${error}`),
    );
  });
}
