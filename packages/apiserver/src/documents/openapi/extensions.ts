import type { ExtensionVersion } from '../../aggregation/aggregation.ts';
import type { Doc } from './definitions.ts';

/** Where the document of a version is found. */
export const extensionPath = ({ group, version }: ExtensionVersion): string => `apis/${group}/${version}`;

/** The document with the paths and definitions of extension servers; where both define a type, ours counts. */
export function withExtensions(own: Doc, extensions: readonly ExtensionVersion[]): Doc {
  let { paths, definitions } = own as { readonly paths: Doc; readonly definitions: Doc };
  for (const extension of extensions) {
    const foreign = extension.openApiV2 as { readonly paths?: Doc; readonly definitions?: Doc } | undefined;
    if (!foreign) continue;
    const prefix = `/${extensionPath(extension)}/`;
    paths = {
      ...paths,
      ...Object.fromEntries(Object.entries(foreign.paths ?? {}).filter(([path]) => path.startsWith(prefix))),
    };
    definitions = { ...foreign.definitions, ...definitions };
  }
  return { ...own, paths, definitions };
}
