import { decode, DecodeError } from '@navarch/machinery';
import { configurationSchema } from './facts.ts';
import type { KubeletConfiguration } from './types.ts';

const GROUP = 'kubelet.config.k8s.io';
const VERSION = `${GROUP}/v1beta1`;
const KIND = 'KubeletConfiguration';

/** A configuration that cannot be used, in upstream's words. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/**
 * What a parsed document says, checked against its types and nothing more. Names of fields that there are not are told
 * to `unknown` (`a.b`): upstream reads v1beta1 leniently where a strict reader refuses it. Throws ConfigurationError.
 */
export function decodeConfiguration(
  document: unknown,
  unknown: (field: string) => void = () => undefined,
): KubeletConfiguration {
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new ConfigurationError("failed to decode: Object 'Kind' is missing");
  const { kind, apiVersion } = document as { readonly kind?: unknown; readonly apiVersion?: unknown };
  if (!kind) throw new ConfigurationError("failed to decode: Object 'Kind' is missing");
  if (!apiVersion) throw new ConfigurationError("failed to decode: Object 'apiVersion' is missing");
  if (kind !== KIND || apiVersion !== VERSION)
    throw new ConfigurationError(
      `failed to decode: no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`,
    );
  try {
    const { value, unknownFields } = decode(configurationSchema, document);
    for (const field of unknownFields) unknown(field);
    return { ...saidEmpty(document), ...withoutNull(value) } as unknown as KubeletConfiguration;
  } catch (error) {
    if (error instanceof DecodeError)
      throw new ConfigurationError(`failed to decode: ${error.message}`, { cause: error });
    throw error;
  }
}

/** An empty list or map is not the same as none: upstream has defaults for what is left out. */
const saidEmpty = (document: object): object =>
  Object.fromEntries(
    Object.entries(document).filter(
      ([, value]) => typeof value === 'object' && value !== null && Object.keys(value as object).length === 0,
    ),
  );

const withoutNull = (value: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null));
