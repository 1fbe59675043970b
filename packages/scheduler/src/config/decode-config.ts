import { decode, DecodeError } from '@navarch/machinery';
import { configType, isConfigKind } from './config-facts.ts';
import type { ConfigFile } from './config-types.ts';

const GROUP = 'kubescheduler.config.k8s.io';
const API_VERSION = `${GROUP}/v1`;
const KIND = 'KubeSchedulerConfiguration';

/** A configuration that cannot be used, in upstream's words. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The file's values, its plugins' arguments included, checked against their types and nothing more. Throws ConfigError. */
export function decodeConfig(document: unknown, repeated: readonly string[] = []): ConfigFile {
  const given = identified(document, undefined);
  if (given.kind !== KIND) throw new ConfigError(`couldn't decode as ${KIND}, got ${given.kind}: `);
  const strict: string[] = [...repeated];
  const file = typed(KIND, given.value, strict) as unknown as ConfigFile;
  const profiles = file.profiles?.map((profile, i) => ({
    ...profile,
    ...(profile.pluginConfig
      ? {
          pluginConfig: profile.pluginConfig.map(({ name, args }, j) => ({
            name,
            args: argsOf(name, args, { at: `.profiles[${i}].pluginConfig[${j}]`, strict }),
          })),
        }
      : {}),
  }));
  if (strict.length > 0) throw new ConfigError(`strict decoding error: ${strict.join(', ')}`);
  return { ...file, ...(profiles ? { profiles } : {}) };
}

interface Place {
  readonly at: string;
  readonly strict: string[];
}

/** Arguments of plugins that are not known here are nobody's business. */
function argsOf(name: string, args: unknown, { at, strict }: Place): unknown {
  const type = `${name}Args`;
  if (!isConfigKind(type)) return args;
  const here: string[] = [];
  try {
    const given = identified(args ?? {}, type);
    if (given.kind !== type)
      throw new ConfigError(`args for plugin ${name} were not of type ${type}.${GROUP}, got ${given.kind}.${GROUP}`);
    const value = typed(type, given.value, here);
    if (here.length > 0)
      strict.push(
        `decoding ${at}: strict decoding error: decoding args for plugin ${name}: strict decoding error: ${here.join(', ')}`,
      );
    return value;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const isOther = error.message.startsWith('args for plugin');
    throw new ConfigError(`decoding ${at}: ${isOther ? '' : `decoding args for plugin ${name}: `}${error.message}`);
  }
}

/** What the document says it is. A type that is expected need not be said. */
function identified(
  document: unknown,
  expected: string | undefined,
): { readonly kind: string; readonly value: object } {
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new ConfigError(`couldn't get version/kind: it is ${document === null ? 'empty' : 'no mapping'}`);
  const { apiVersion, kind } = document as { readonly apiVersion?: unknown; readonly kind?: unknown };
  if (!kind && !expected) throw new ConfigError("Object 'Kind' is missing");
  if (!apiVersion && !expected) throw new ConfigError("Object 'apiVersion' is missing");
  const [isKind, isVersion] = [String(kind || expected), String(apiVersion || API_VERSION)];
  if (isVersion !== API_VERSION || !isConfigKind(isKind))
    throw new ConfigError(`no kind ${JSON.stringify(isKind)} is registered for version ${JSON.stringify(isVersion)}`);
  return { kind: isKind, value: document };
}

function typed(type: string, value: object, strict: string[]): Record<string, unknown> {
  try {
    const decoded = decode(configType(type), value);
    const unknown = new Set(decoded.unknownFields);
    strict.push(
      ...[...pathsOf(value)]
        .filter((path) => unknown.has(path))
        .map((field) => `unknown field ${JSON.stringify(field)}`),
    );
    return decoded.value;
  } catch (error) {
    if (error instanceof DecodeError) throw new ConfigError(error.message);
    throw error;
  }
}

/** Every field that is given, `profiles[0].plugins`, in the order in which it is. */
function* pathsOf(value: unknown, path = ''): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value) as readonly (readonly [string, unknown])[]) {
    const at = Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    yield at;
    yield* pathsOf(inner, at);
  }
}
