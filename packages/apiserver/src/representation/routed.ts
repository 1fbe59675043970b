import { Memo } from '@navarch/base';
import { StatusError } from '@navarch/machinery';
import type { ApiRequest } from '../request.ts';
import type { Format } from './format.ts';

// Upstream finds the handler of a built-in resource by what the client takes and sends, before the handler looks at either:
// it knows no preferences and no `application/*`, and refuses in words of its own. Definitions' resources have no such table.

const PATCHES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
] as const;
/** Known where CBOR is served. */
const CBOR_PATCH = 'application/apply-patch+cbor';

const remembered = new Memo<readonly string[]>(200);

/** The types of an Accept header, without their parameters. */
const typesIn = (header: string): readonly string[] =>
  remembered.get(header, () => header.split(',').map((range) => (range.split(';')[0] ?? '').trim()));

/** Throws UnsupportedMediaType or NotAcceptable where no handler is found. `verb`: of the resource; undefined for documents. */
export function checkRouted(request: ApiRequest, formats: readonly Format[], verb?: string): void {
  const isServed = (type: string): boolean => formats.some(({ mediaType }) => mediaType === type);
  if (verb === 'patch') {
    const [sent] = typesIn(request.header('content-type') ?? '');
    const isKnown = PATCHES.some((type) => type === sent) || (sent === CBOR_PATCH && isServed('application/cbor'));
    if (!isKnown) throw refusal(415, 'UnsupportedMediaType', '415: Unsupported Media Type');
  }
  const accept = request.header('accept');
  if (accept === undefined || accept === '') return;
  if (typesIn(accept).some((type) => type === '*/*' || isServed(type))) return;
  const plain = formats.map(({ mediaType }) => mediaType);
  const streams =
    verb === 'list' || verb === 'watch'
      ? formats.flatMap(({ mediaType, streamType }) =>
          streamType === undefined ? [] : [mediaType === 'application/cbor' ? streamType : `${mediaType};stream=watch`],
        )
      : [];
  throw refusal(
    406,
    'NotAcceptable',
    `406: Not Acceptable\n\nAvailable representations: ${[...plain, ...streams].join(', ')}`,
  );
}

const refusal = (code: number, reason: 'NotAcceptable' | 'UnsupportedMediaType', message: string): StatusError =>
  new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    details: {},
    code,
  });
