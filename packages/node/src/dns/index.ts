export { dnsEndpoints } from './dns-endpoints.ts';
export { dnsExchange } from './exchange.ts';
export { listenDns } from './listen-dns.ts';
