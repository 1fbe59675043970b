/**
 * What is used of `node:http`, without importing it. An import reads everything that a module exports, and one of its exports is
 * WebSocket, for which Node loads undici: of an agent that starts a tenth of the time to load its modules (40 ms), and 4 MB.
 */
export const { Agent, createServer, request, STATUS_CODES } = process.getBuiltinModule('node:http');
