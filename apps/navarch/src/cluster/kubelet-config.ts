import { readFileSync } from 'node:fs';
import {
  completeConfiguration,
  type CompleteConfiguration,
  ConfigurationError,
  decodeConfiguration,
  idleFields,
  type KubeletConfiguration,
  validateConfiguration,
} from '@navarch/kubelet';
import { parseYaml } from '@navarch/node/yaml';
import { sentenceOf, UserError } from '../user-error.ts';

const NOTHING = { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration' };

/** What a file of KubeletConfiguration says, or nothing without one. Throws UserError, in upstream's words. */
export function readKubeletConfig(file: string | undefined): KubeletConfiguration {
  if (file === undefined) return decodeConfiguration(NOTHING);
  try {
    const repeated: string[] = [];
    const document = parseYaml(readFileSync(file, 'utf8'), (key, line) =>
      repeated.push(`line ${line}: key ${key} already set in map`),
    );
    return decodeConfiguration(document, repeated);
  } catch (error) {
    throw new UserError(`failed to load kubelet config file, path: ${file}, error: ${sentenceOf(error)}`, {
      cause: error,
    });
  }
}

/** What holds in the end: with what nobody said. Throws UserError for what cannot be. */
export function effectiveConfig(said: KubeletConfiguration): CompleteConfiguration {
  const config = completeConfiguration(said);
  try {
    validateConfiguration(config);
  } catch (error) {
    if (error instanceof ConfigurationError) throw new UserError(error.message, { cause: error });
    throw error;
  }
  return config;
}

/** What becomes of the fields of a document that is no file yet: those that there are, and a sentence for each that changes nothing. */
export function heededFields(document: Readonly<Record<string, unknown>>): {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly remarks: readonly string[];
} {
  const isThere = (name: string): boolean => {
    try {
      decodeConfiguration({ ...NOTHING, [name]: document[name] });
      return true;
    } catch (error) {
      if (error instanceof ConfigurationError && error.message.includes('unknown field')) return false;
      throw new UserError(`KubeletConfiguration: ${sentenceOf(error)}`, { cause: error });
    }
  };
  const [known, unknown] = [[], []] as [string[], string[]];
  for (const name of Object.keys(document)) (isThere(name) ? known : unknown).push(name);
  const fields = Object.fromEntries(known.map((name) => [name, document[name]]));
  const idle = idleFields(completeConfiguration(decodeConfiguration({ ...NOTHING, ...fields })));
  return {
    fields,
    remarks: [...unknown.map((name) => `${name} is not heeded: there is no such field`), ...idle],
  };
}
