export { Agent, createServer, request, STATUS_CODES } from './http.ts';
