/** Name, number, type, and how often; `optional` is there or not, whatever its value. Keys of maps are strings. */
export type FieldDescription = readonly [
  name: string,
  number: number,
  type: string,
  count: 'single' | 'optional' | 'repeated' | 'map',
];
export type Messages = Readonly<Record<string, readonly FieldDescription[]>>;
export type Enums = Readonly<Record<string, Readonly<Record<string, number>>>>;
/** Path, request, response, and whether the server streams. */
type MethodDescription = readonly [path: string, request: string, response: string, isStream: boolean];
export type Methods = Readonly<Record<string, MethodDescription>>;

/** What is said over a socket: generated, one file a protocol. */
export interface Protocol<M extends Methods = Methods> {
  readonly messages: Messages;
  readonly enums: Enums;
  readonly methods: M;
}
