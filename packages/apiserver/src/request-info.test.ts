import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NoKindError, requestInfo } from './request-info.ts';

/** Verb, group, version, namespace, resource, name, subresource and what follows; `nowhere` where nothing can be. */
function told(path: string, method = 'GET'): string {
  const info = requestInfo(method, path, new URLSearchParams());
  if (!info.isResource) return `no resource ${info.verb}`;
  const { verb, group, version, namespace, resource, name, subresource, rest } = info;
  return [verb, group, version, namespace, resource, name, subresource, rest, info.isMisplaced ? 'nowhere' : ''].join(
    '|',
  );
}

const CASES: readonly (readonly [path: string, info: string, method?: string])[] = [
  ['/api/v1/namespaces/a/pods/b', 'get||v1|a|pods|b|||'],
  ['/api/v1/namespaces/a/pods/b/', 'get||v1|a|pods|b|||'],
  ['/api/v1/namespaces/a/pods', 'list||v1|a|pods||||'],
  ['/api/v1/namespaces/a/pods', 'list||v1|a|pods||||', 'HEAD'],
  ['/api/v1/namespaces/a/pods', '||v1|a|pods||||', 'OPTIONS'],
  ['/api/v1/namespaces/a', 'get||v1|a|namespaces|a|||'],
  ['/api/v1/namespaces/a/status', 'get||v1|a|namespaces|a|status||'],
  ['/api/v1/namespaces//pods', 'list||v1||pods||||'],
  ['/api/v1/namespaces/a/pods//b', 'list||v1|a|pods||b||'],
  ['/api/v1/namespaces/a/pods/b//status', 'get||v1|a|pods|b||status|'],
  ['/api/v1/namespaces/a/pods/b%2Fstatus', 'get||v1|a|pods|b|status||'],
  ['/api/v1/namespaces/a/pods/b/proxy/x//y%2Fz/', 'get||v1|a|pods|b|proxy|x//y%2Fz/|'],
  ['/api/v1/namespaces/a/pods/b/proxy//x', 'get||v1|a|pods|b|proxy|x|'],
  ['/api/v1/namespaces/a/pods/b/proxy/', 'get||v1|a|pods|b|proxy||'],
  ['/api/v1/watch/namespaces/a/pods/b', 'watch||v1|a|pods|b|||'],
  ['/api/v1/proxy/nodes/n', 'proxy||v1||nodes|n|||'],
  ['//api/v1/pods', 'list||v1||pods||||nowhere'],
  ['/%2Fapi/v1/pods', 'list||v1||pods||||nowhere'],
  ['/apis//v1/pods', 'list||v1||pods||||nowhere'],
  ['/api//pods', 'list||||pods||||nowhere'],
  ['/apis/apps/v1', 'no resource get'],
];

for (const [path, info, method = 'GET'] of CASES)
  test(`requestInfo() reads ${method} ${path}`, () => assert.equal(told(path, method), info));

test('requestInfo() refuses a verb in the path and nothing behind it', () => {
  assert.throws(() => told('/apis/apps/v1/watch'), NoKindError);
});
