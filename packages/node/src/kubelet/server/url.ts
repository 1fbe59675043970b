import type { IncomingMessage } from 'node:http';

/**
 * The address of a request, its dots resolved. Both what a caller may do and what is done for it are read off this one
 * reading: two would let `/stats/../exec` pass as the one and be the other.
 */
export const urlOf = ({ url = '/' }: IncomingMessage): URL =>
  new URL(`https://kubelet${url.startsWith('/') ? url : `/${url}`}`);
