// What scenarios of custom objects have in common: objects `Foo` of a group of the scenario's own.

export const MERGE = { 'content-type': 'application/merge-patch+json' };
export const APPLY = { 'content-type': 'application/apply-patch+yaml' };
export const base = (g: string): string => `/apis/${g}/v1/namespaces/d/foos`;
export const foo = (g: string, name: string, more: object = {}, v = 'v1'): object => ({
  apiVersion: `${g}/${v}`,
  kind: 'Foo',
  metadata: { name },
  ...more,
});
export const JSONP = { 'content-type': 'application/json-patch+json' };
export const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
export const schema = (properties: object): object => ({ schema: { openAPIV3Schema: { type: 'object', properties } } });
export const S = { type: 'string' };
export const I = { type: 'integer' };
