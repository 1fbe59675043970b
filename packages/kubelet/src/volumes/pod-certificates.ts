import { node, type Pod, podCertificateRequest, type PodCertificateProjection, serviceAccount } from '@navarch/api';
import type { Clock, Random } from '@navarch/base';
import type { Api } from '@navarch/client';
import { hasReason } from '@navarch/machinery';
import type { CertificateKeys } from '../ports.ts';
import { VolumeError } from './volume-error.ts';

export interface PodCertificatesDeps {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: Random;
  readonly keys: CertificateKeys;
  readonly nodeName: string;
  /** Ends waiting for signers. */
  readonly signal: AbortSignal;
}

/** A private key and the certificates for it, PEM. */
export interface PodCredential {
  readonly key: string;
  readonly certificateChain: string;
}

interface Asked {
  /** `namespace/name` of the request. */
  readonly request: string;
  readonly key: string;
}

interface Held extends PodCredential {
  /** Wall clock, milliseconds: from then on another one is asked for. */
  readonly refreshAt: number;
}

/** What is known of one source of one volume of a pod. */
interface Source {
  asked?: Asked;
  held?: Held;
  /** Why there will be none: a refusal is for good. */
  refusal?: string;
}

/** A signer is given this long before the volume is put off, so that one that answers at once holds nothing up. */
const PATIENCE_MS = 2000;
const POLL_MS = 100;
/** Renewals of many pods that began together are spread over this time. */
const JITTER_MS = 5 * 60_000;

/**
 * Certificates for keys that are made here, one for each source of a projected volume (KEP-4317). The keys are kept in
 * memory and in the volume alone: after a restart of the kubelet new ones are made.
 */
export class PodCertificates {
  readonly #deps: PodCertificatesDeps;
  /** By pod, then by place. Forgotten with the pod. */
  readonly #sources = new Map<string, Map<string, Source>>();

  constructor(deps: PodCertificatesDeps) {
    this.#deps = deps;
  }

  /** `place` names the source within the pod. Throws VolumeError while there is no certificate. */
  async get(pod: Pod, place: string, projection: PodCertificateProjection): Promise<PodCredential> {
    const source = this.#sourceOf(pod.metadata.uid, place);
    if (source.refusal !== undefined) throw new VolumeError(source.refusal);
    if (source.held && this.#deps.clock.now() < source.held.refreshAt) return source.held;
    try {
      source.asked ??= await this.#ask(pod, projection);
      await this.#follow(source, source.asked, source.held ? 0 : PATIENCE_MS);
    } catch (error) {
      // What is there serves on, also beyond its time: whoever reads it sees when that was over.
      if (!source.held || source.refusal !== undefined) throw error;
    }
    if (!source.held) throw new VolumeError('credential bundle is not issued yet');
    return source.held;
  }

  forget(podUid: string): void {
    this.#sources.delete(podUid);
  }

  #sourceOf(podUid: string, place: string): Source {
    const ofPod = this.#sources.get(podUid) ?? new Map<string, Source>();
    this.#sources.set(podUid, ofPod);
    const known = ofPod.get(place) ?? {};
    ofPod.set(place, known);
    return known;
  }

  async #ask({ metadata, spec }: Pod, projection: PodCertificateProjection): Promise<Asked> {
    const { api, keys, nodeName } = this.#deps;
    const { signerName, keyType, maxExpirationSeconds, userAnnotations } = projection;
    const namespace = metadata.namespace ?? '';
    const account = await api.of(serviceAccount).get(`${namespace}/${spec.serviceAccountName || 'default'}`);
    const here = await api.of(node).get(nodeName);
    const { key, request } = await keys.make(keyType);
    const made = await api.of(podCertificateRequest).create({
      metadata: {
        namespace,
        generateName: `req-${metadata.name}-`.slice(0, 200),
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: metadata.name, uid: metadata.uid }],
      },
      spec: {
        signerName,
        podName: metadata.name,
        podUID: metadata.uid,
        serviceAccountName: account.metadata.name,
        serviceAccountUID: account.metadata.uid,
        nodeName,
        nodeUID: here.metadata.uid,
        stubPKCS10Request: request,
        ...(maxExpirationSeconds === undefined ? {} : { maxExpirationSeconds }),
        ...(userAnnotations ? { unverifiedUserAnnotations: userAnnotations } : {}),
      },
    });
    return { request: `${namespace}/${made.metadata.name}`, key };
  }

  /** Waits so long for the answer. */
  async #follow(source: Source, asked: Asked, patienceMs: number): Promise<void> {
    const { clock, signal } = this.#deps;
    const end = clock.monotonic() + patienceMs;
    while (!(await this.#look(source, asked)) && clock.monotonic() < end) await clock.sleep(POLL_MS, signal);
  }

  /** Whether the request was answered. One that has been deleted is made anew the next time. */
  async #look(source: Source, { request, key }: Asked): Promise<boolean> {
    const { api, random } = this.#deps;
    try {
      const { status } = await api.of(podCertificateRequest).get(request);
      const answer = status.conditions?.find(({ type }) => type === 'Issued' || type === 'Denied' || type === 'Failed');
      if (!answer) return false;
      delete source.asked;
      if (answer.type !== 'Issued') {
        const { reason, message } = answer;
        source.refusal = `PodCertificateRequest was permanently ${answer.type.toLowerCase()}: reason=${JSON.stringify(reason)} message=${JSON.stringify(message)}`;
        throw new VolumeError(source.refusal);
      }
      const refreshAt = Date.parse(status.beginRefreshAt ?? '') + (random.uint32() % JITTER_MS);
      source.held = { key, certificateChain: blocksOf(status.certificateChain ?? ''), refreshAt };
      return true;
    } catch (error) {
      if (hasReason(error, 'NotFound')) delete source.asked;
      throw error;
    }
  }
}

/** The PEM blocks alone, each with a line end. */
const blocksOf = (text: string): string =>
  (text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [])
    .map((block) => `${block.trim()}\n`)
    .join('');
