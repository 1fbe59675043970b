import type { CompilePattern } from '../chain/patterns.ts';
import type { Config, ServerBlock } from './config.ts';
import { plugins } from './plugins.ts';
import { CorefileError, type RawBlock, readBlocks } from './read-blocks.ts';
import { zonesOf } from './zones.ts';

export interface CorefileContext {
  /** Files beside the Corefile in its ConfigMap, by name. */
  readonly files: ReadonlyMap<string, string>;
  readonly compile: CompilePattern;
}

/** What a Corefile says; or, in one sentence, why it cannot be served. */
export type ReadCorefile =
  | { readonly config: Config; readonly refusal?: never }
  | { readonly config?: never; readonly refusal: string };

export function readCorefile(text: string, context: CorefileContext): ReadCorefile {
  try {
    const blocks = readBlocks(text).map((block) => readBlock(block, context));
    if (blocks.length === 0) return { refusal: 'Corefile: there is nothing in it' };
    const seen = new Set<string>();
    for (const zone of blocks.flatMap(({ zones }) => zones)) {
      if (seen.has(zone)) return { refusal: `Corefile: the zone "${zone}." has two server blocks` };
      seen.add(zone);
    }
    return { config: { blocks } };
  } catch (error) {
    if (error instanceof CorefileError) return { refusal: error.message };
    throw error;
  }
}

function readBlock({ keys, body, line }: RawBlock, context: CorefileContext): ServerBlock {
  const zones = [...new Set(keys.flatMap((key) => zoneOfKey(key, line)))];
  let block: ServerBlock = {
    zones,
    errors: false,
    log: [],
    loadbalance: false,
    rewrites: [],
    templates: [],
    loop: false,
    forwards: [],
  };
  const seen = new Set<string>();
  for (const directive of body) {
    const plugin = plugins.find(({ name }) => name === directive.name);
    if (!plugin) throw new CorefileError(directive.line, `the plugin "${directive.name}" is not supported`);
    if (seen.has(plugin.name) && !plugin.isRepeated)
      throw new CorefileError(directive.line, `the plugin "${plugin.name}" is there twice`);
    seen.add(plugin.name);
    block = { ...block, ...plugin.read(directive, { ...context, block }) };
  }
  return block;
}

/** `.:53`, `example.org`, `dns://example.org:53`, `10.0.0.0/8`. */
function zoneOfKey(key: string, line: number): readonly string[] {
  const [, transport, rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/.exec(key) ?? [];
  if (transport !== undefined && transport !== 'dns')
    throw new CorefileError(line, `"${key}": only plain DNS is served`);
  const [, zone = '', port] = /^(.*?)(?::(\d+))?$/.exec(rest) ?? [];
  if (port !== undefined && port !== '53') throw new CorefileError(line, `"${key}": only port 53 is served`);
  return zonesOf(zone, line);
}
