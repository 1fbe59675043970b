import { type ApiObject, badRequest, Field, forbidden, invalid, success } from '@navarch/machinery';
import type { Call } from '../registry/call.ts';
import { checkApplier } from '../registry/incoming.ts';
import { deleteUnreadable } from '../registry/deletion.ts';
import { tooLarge } from '../registry/reading.ts';
import type { Resource } from '../registry/resource.ts';
import { checkRevision } from '../registry/revision-text.ts';
import { negotiate } from '../representation/representation.ts';
import { showCached, showLast, showObject, showValue } from '../representation/show.ts';
import type { ApiResponse, BytesResponse } from '../request.ts';
import { bytesAnswer } from './answer.ts';
import { create, watch } from './collection.ts';
import {
  checkStorable,
  type Exchange,
  goesByVerb,
  nameless,
  notAllowedHere,
  noSubresource,
  noVerb,
} from './exchange.ts';
import type { BodySource } from './json-source.ts';
import { deleteOptions, isTrue } from './options.ts';
import { serveScale } from './scale.ts';
import { yamlErrors } from './yaml-source.ts';

/** What can be done with one object. What is read is answered at once. */
export function serveObject(resource: Resource<any>, exchange: Exchange): ApiResponse | Promise<ApiResponse> {
  const { info } = exchange;
  if (!resource.kind.verbs.some((verb) => verb === info.verb)) throw noVerb(resource.kind, info);
  if (info.verb === 'create') {
    if (!goesByVerb(resource.kind)) throw notAllowedHere();
    return create(resource, exchange);
  }
  checkStorable(info);
  switch (info.verb) {
    case 'get':
      return read(resource, exchange);
    case 'watch':
      return watch(resource, exchange);
    case 'update':
      return update(resource, exchange);
    case 'patch':
      return patch(resource, exchange);
    case 'delete':
      return remove(resource, exchange);
    default:
      throw notAllowedHere();
  }
}

const PART_VERBS: ReadonlySet<string> = new Set(['get', 'update', 'patch']);

/** What can be done with a part of an object: status, scale, and what else the kind declares. */
export async function servePart(resource: Resource<any>, exchange: Exchange): Promise<ApiResponse> {
  const { info } = exchange;
  const { name, subresource } = info;
  if (subresource === 'scale' ? !resource.kind.scale : !resource.hasPart(subresource))
    throw noSubresource(resource.kind, info);
  if (name === '' && !goesByVerb(resource.kind)) throw nameless();
  if (!PART_VERBS.has(info.verb)) throw noVerb(resource.kind, info);
  checkStorable(info);
  if (subresource === 'scale') return serveScale(resource, exchange);
  switch (info.verb) {
    case 'get':
      return read(resource, exchange);
    case 'update':
      return update(resource, exchange);
    default:
      return patch(resource, exchange);
  }
}

function read(resource: Resource<any>, exchange: Exchange): BytesResponse | Promise<BytesResponse> {
  const {
    info: { namespace, name },
    request,
  } = exchange;
  const how = negotiate(exchange, resource.kind);
  const { query } = request;
  const asked = query.get('resourceVersion') ?? '';
  if (query.has('export') && isTrue(query.get('export')))
    throw badRequest('the export parameter, deprecated since v1.14, is no longer supported');
  checkRevision(asked);
  const { revision } = resource.shelf;
  if (Number(asked) > revision) throw tooLarge(asked, revision);
  const cached = resource.cached(namespace, name);
  const late = resource.shelf.ready([cached]);
  const answer = (): BytesResponse => bytesAnswer(how, [showCached(how, resource, cached)]);
  return late ? late.then(answer) : answer();
}

/** An object may come to be by it, a part never does. */
async function update(resource: Resource<any>, exchange: Exchange): Promise<BytesResponse> {
  const {
    request,
    info: { namespace, name, subresource },
    call,
    bodies,
  } = exchange;
  const how = negotiate(exchange, resource.kind);
  const { value, ...source } = await bodies.object(request, resource.kind);
  const existed = subresource !== '' || resource.find(namespace, name) !== undefined;
  const object = (await resource.replace(namespace, name, value, { ...call, ...source }, subresource)) as ApiObject;
  return bytesAnswer(how, [showObject(how, resource, object)], existed ? 200 : 201);
}

async function patch(resource: Resource<any>, exchange: Exchange): Promise<BytesResponse> {
  const {
    request,
    info: { namespace, name, subresource },
    call,
    bodies,
  } = exchange;
  const { query } = request;
  const how = negotiate(exchange, resource.kind);
  const type = bodies.patchType(request, resource.kind);
  const { value, ...source } = await bodies.patch(request);
  if (type === 'apply') {
    checkApplier(query.get('fieldManager') ?? '');
    const wanted = {
      config: value,
      manager: query.get('fieldManager') ?? '',
      force: isTrue(query.get('force')),
      check: () => checkRepeated(source.source, call),
    };
    const { object, isNew } = await resource.apply(namespace, name, wanted, call, subresource);
    return bytesAnswer(how, [showObject(how, resource, object as ApiObject)], isNew ? 201 : 200);
  }
  if (query.get('force')) throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', forceMisplaced());
  const object = (await resource.patch(namespace, name, type, value, { ...call, ...source }, subresource)) as ApiObject;
  return bytesAnswer(how, [showObject(how, resource, object)]);
}

async function remove(resource: Resource<any>, exchange: Exchange): Promise<BytesResponse> {
  const {
    request,
    info: { namespace, name },
    call,
    bodies,
  } = exchange;
  const how = negotiate(exchange, resource.kind);
  const { kind } = resource;
  const options = deleteOptions(exchange, await bodies.options(request));
  const deletion = { ...call, isDryRun: call.isDryRun || options.dryRun?.includes('All') === true };
  if (options.ignoreStoreReadErrorWithClusterBreakingPotential) {
    await removeUnreadable(resource, exchange, deletion);
    return bytesAnswer(how, [showValue(how, success({ name, kind: kind.kind }))]);
  }
  const { object, isGone, bytes } = await resource.delete(namespace, name, options, deletion);
  // Whoever said in the old way not to leave dependents behind is told that the work goes on.
  const status = !isGone && options.orphanDependents === false ? 202 : 200;
  if (!isGone || kind.behaviour.answersDeletion)
    return bytesAnswer(how, [showLast(how, resource, object as ApiObject, bytes)], status);
  const done = success({
    name,
    ...(kind.group ? { group: kind.group } : {}),
    kind: kind.plural,
    uid: (object as ApiObject).metadata.uid,
  });
  return bytesAnswer(how, [showValue(how, done)]);
}

/** Throws Forbidden unless the user may also delete what cannot be read (KEP-3926). */
async function removeUnreadable(resource: Resource<any>, { info, access }: Exchange, call: Call): Promise<void> {
  const verb = 'unsafe-delete-ignore-read-errors';
  const { kind, shelf } = resource;
  const { namespace, name } = info;
  const { verdict, reason } = access.decide(call.user, { ...info, verb });
  if (verdict !== 'allow')
    throw forbidden(kind, name, `not permitted to do ${JSON.stringify(verb)}, reason: ${reason}`);
  await deleteUnreadable({ kind, shelf, cached: resource.cached(namespace, name) }, name, call);
}

/** Applied configurations are YAML, whose strict reader has words of its own. */
function checkRepeated(source: BodySource | undefined, { fieldValidation, warnings }: Call): void {
  if (fieldValidation === 'Ignore' || !source?.hasDuplicates) return;
  const text = `error converting YAML to JSON: ${yamlErrors(source.repeatedKeys)}`;
  if (fieldValidation === 'Strict') throw badRequest(`error strict decoding patch: ${text}`);
  warnings?.push(...source.repeatedKeys);
}

function forceMisplaced(): Field['errors'] {
  const at = new Field('force');
  at.forbidden('may not be specified for non-apply patch');
  return at.errors;
}
