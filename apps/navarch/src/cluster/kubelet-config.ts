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

export interface ReadConfiguration {
  readonly said: KubeletConfiguration;
  /** What a strict reader refuses, in one sentence; absent: nothing. */
  readonly remark?: string;
}

/**
 * What a file of KubeletConfiguration says, or nothing without one. Throws UserError, in upstream's words; for fields
 * that there are not, and for keys said twice, there is a remark.
 */
export function readKubeletConfig(file: string | undefined): ReadConfiguration {
  if (file === undefined) return { said: decodeConfiguration(NOTHING) };
  try {
    const faults: string[] = [];
    const document = parseYaml(readFileSync(file, 'utf8'), (key, line) =>
      faults.push(`line ${line}: key ${key} already set in map`),
    );
    const said = decodeConfiguration(document, (field) => faults.push(`unknown field ${JSON.stringify(field)}`));
    if (faults.length === 0) return { said };
    const strict = `strict decoding error: ${faults.join(', ')}`;
    return { said, remark: `Using lenient decoding as strict decoding failed: ${file}: ${strict}` };
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
  const unknown: string[] = [];
  try {
    decodeConfiguration({ ...NOTHING, ...document }, (field) => unknown.push(field));
  } catch (error) {
    throw new UserError(`KubeletConfiguration: ${sentenceOf(error)}`, { cause: error });
  }
  const fields = Object.fromEntries(Object.entries(document).filter(([name]) => !unknown.includes(name)));
  const idle = idleFields(completeConfiguration(decodeConfiguration({ ...NOTHING, ...fields })));
  return {
    fields,
    remarks: [...unknown.map((name) => `${name} is not heeded: there is no such field`), ...idle],
  };
}
