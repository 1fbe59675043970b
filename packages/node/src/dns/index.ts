export { listenDns, resolvers } from './listen-dns.ts';
