export const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
/** The text in a Secret's value. */
export const decoded = (base64: string): string => new TextDecoder().decode(bytesOf(base64));
