import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Kubectl } from './command.ts';

const FOLDER = join(import.meta.dirname, 'shown');
const MANIFEST = join(FOLDER, 'kinds.yaml');

/**
 * What a person sees of one object of each kind, beside what was read through once, line by line. A file that is not there is
 * written anew, to be read through again. Only with the newest kubectl: what others describe differs.
 */
export async function shownAsBefore({ ok, run, namespace }: Kubectl): Promise<void> {
  await ok(['apply', '-f', MANIFEST]);
  try {
    await ok(['wait', '--for=condition=Available', 'deployment/web', '--timeout=60s']);
    await ok(['wait', '--for=jsonpath={.status.phase}=Bound', 'pvc/pvc1', '--timeout=60s']);
    await ok(['wait', '--for=jsonpath={.status.conditions[0].reason}=FailedGetScale', 'hpa/hpa1', '--timeout=60s']);
    await ok(['wait', '--for=jsonpath={.status.used.pods}=1', 'quota/plain', '--timeout=60s']);
    await ok(['wait', '--for=jsonpath={.status.disruptionsAllowed}=0', 'pdb/pdb2', '--timeout=60s']);
    await ok(['wait', '--for=jsonpath={.status.currentHealthy}=1', 'pdb/web', '--timeout=60s']);
    await ok(['wait', '--for=condition=Ready', 'servicecidr/scidr1', '--timeout=60s']);
    await ok(['wait', '--for=condition=EvictionInProgress=false', 'devicetaintrule', '--all', '--timeout=60s']);
    const more = await ok(['get', 'pods,replicasets,endpointslices', '-l', 'app=web', '-o', 'wide']);
    compare('get.txt', normal(`${await ok(['get', '-f', MANIFEST, '-o', 'wide'])}\n${more}`, namespace));
    compare(
      'describe.txt',
      normal(
        `${await ok(['describe', '-f', MANIFEST])}\n${await ok(['describe', 'pod,replicaset', '-l', 'app=web'])}`,
        namespace,
      ),
    );
  } finally {
    await run(['delete', '-f', MANIFEST, '--ignore-not-found', '--wait=false']);
  }
}

function compare(name: string, text: string): void {
  const path = join(FOLDER, name);
  if (!existsSync(path)) {
    writeFileSync(path, text);
    assert.fail(`${name} was written anew: read it through`);
  }
  assert.deepEqual(text.split('\n'), readFileSync(path, 'utf8').split('\n'));
}

const CHANGING: readonly (readonly [what: RegExp, shown: string])[] = [
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'UID'],
  [
    /\b\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}|\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:Z| [+-]\d{4} UTC)/g,
    'TIME',
  ],
  [/\b10\.(?:96|244)\.\d+\.\d+\b/g, 'ADDRESS'],
  [/\b(kube-api-access-|web-(?:[0-9a-z]{7,10}-)?)[0-9a-z]{5}\b/g, '$1RANDOM'],
  // The cluster's one node has its name.
  [/\bclients\b/g, 'NODE'],
  [/(Resource Version:) +\d+/g, '$1 N'],
  [/(?<= )(?:\d+m)?\d+s(?= |$)/gm, 'AGE'],
  // What stands in one line with them is as wide as they are.
  [/(?<=\S) {2,}/g, '  '],
  [/ +$/gm, ''],
];

const normal = (text: string, namespace: string): string =>
  CHANGING.reduce((shown, [what, instead]) => shown.replace(what, instead), text.replaceAll(namespace, 'NAMESPACE'));
