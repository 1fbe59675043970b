import type { Clock } from '@navarch/base';
import type { ContainerRuntime, Image, ImageSpec, Input } from '../cri/index.ts';
import { RpcError } from '../rpc/rpc-error.ts';
import type { Calls } from './calls.ts';

export interface MemoryImagesOptions {
  readonly clock: Clock;
  /** How long the pull of an image takes, or why it cannot be pulled. At once, when left out. */
  pull?(image: string): { readonly tookMs?: number; readonly problem?: string };
}

type ImageCalls = Pick<ContainerRuntime, 'listImages' | 'imageStatus' | 'pullImage' | 'removeImage' | 'imageFsInfo'>;
type Named = { readonly image?: Input<ImageSpec> | undefined };

/** The images of a runtime in memory: every name is an image of its own. */
export class MemoryImages implements ImageCalls {
  readonly held = new Map<string, Image>();
  readonly #options: MemoryImagesOptions;
  readonly #calls: Calls;

  constructor(options: MemoryImagesOptions, calls: Calls) {
    this.#options = options;
    this.#calls = calls;
  }

  listImages = async (): ReturnType<ImageCalls['listImages']> => ({ images: [...this.held.values()] });

  imageStatus = ({ image }: Named, signal: AbortSignal): ReturnType<ImageCalls['imageStatus']> =>
    this.#calls.ask(signal, () => {
      const reference = image?.image ?? '';
      const found = this.held.get(reference) ?? [...this.held.values()].find((i) => i.id === reference);
      return { ...(found ? { image: found } : {}), info: {} };
    });

  pullImage = async ({ image }: Named, signal: AbortSignal): ReturnType<ImageCalls['pullImage']> => {
    const reference = image?.image ?? '';
    const { tookMs = 0, problem } = this.#options.pull?.(reference) ?? {};
    await this.#options.clock.sleep(tookMs, signal);
    return this.#calls.make(`pullImage ${reference}`, signal, () => {
      if (problem) throw new RpcError('NOT_FOUND', problem);
      const id = `sha256:${reference}`;
      this.held.set(reference, { id, repoTags: [reference], repoDigests: [], size: 1e6, username: '', pinned: false });
      return { imageRef: id };
    });
  };

  removeImage = async ({ image }: Named): ReturnType<ImageCalls['removeImage']> => {
    this.held.delete(image?.image ?? '');
    return {};
  };

  imageFsInfo = async (): ReturnType<ImageCalls['imageFsInfo']> => ({
    imageFilesystems: [],
    containerFilesystems: [],
  });
}
