import assert from 'node:assert/strict';
import type { ValidatingWebhook } from '@navarch/api';
import type { Draft } from '@navarch/machinery';
import type { on, WebhookServer } from '../../webhook-server.ts';

export const MARK = 'webhook-e2e-test';
export type Json = Readonly<Record<string, any>>;

export async function isDenied(work: Promise<unknown>, ...why: readonly string[]): Promise<void> {
  await assert.rejects(work, (error: Error) => {
    for (const words of why) assert.ok(error.message.includes(words), `${words} is not in: ${error.message}`);
    return true;
  });
}

export const stages = (
  server: WebhookServer,
  prefix: string,
  path: string,
  rules: ReturnType<typeof on>,
): readonly Draft<ValidatingWebhook>[] =>
  [1, 2].map((n) => server.webhookOf({ name: `${prefix}-stage-${n}.k8s.io`, path, rules }));

export const STAGES = { 'mutation-start': 'yes', 'mutation-stage-1': 'yes', 'mutation-stage-2': 'yes' };
