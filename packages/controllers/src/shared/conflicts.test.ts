import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@navarch/api';
import { failure } from '@navarch/machinery';
import type { Context } from '../controller.ts';
import { deleteJob } from '../cron-job/history.ts';
import { deleteMember, restoreIdentity } from '../stateful-set/identity.ts';
import { deletePod } from './pods.ts';

const named = (name: string): never =>
  ({ metadata: { name, namespace: 'n', uid: name }, spec: {}, status: {} }) as never;

/** Where every delete and patch is refused for that reason; resolves with the reasons of the events. */
async function refused(reason: 'Conflict' | 'NotFound', act: (context: Context) => Promise<void>): Promise<string[]> {
  const refuse = async (): Promise<never> => {
    throw failure(reason, 'refused');
  };
  const told: string[] = [];
  const events = { record: (_: unknown, event: { readonly reason: string }) => told.push(event.reason) };
  await act({ api: { of: () => ({ delete: refuse, patch: refuse }) }, events } as unknown as Context);
  return told;
}

const ACTS: Readonly<Record<string, (context: Context) => Promise<void>>> = {
  deletePod: (context) => deletePod(named('pod'), named('set'), context),
  deleteMember: (context) => deleteMember(named('set'), named('set-0'), context),
  restoreIdentity: (context) => restoreIdentity(named('set'), 0, named('set-0') as Pod, context),
  deleteJob: (context) => deleteJob(named('cron'), named('job'), context),
};

for (const [name, act] of Object.entries(ACTS)) {
  test(`${name}() takes what is not found for gone`, async () => {
    assert.deepEqual(await refused('NotFound', act), []);
  });

  test(`${name}() takes no conflict for done`, async () => {
    await assert.rejects(refused('Conflict', act), /refused/);
  });
}
