import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { answer, remoteOf, serveHttp } from '../http.ts';
import { defineRole, log, RoleError } from '../role.ts';

/** Says its hostname, which in a pod is the pod's name, to whoever connects. */
export const serveHostname = defineRole({
  name: 'serve-hostname',
  flags: { tcp: false, udp: false, http: true, close: false, port: '9376' },
  run({ flags }) {
    const port = flags.number('port');
    const isRaw = flags.isSet('tcp') || flags.isSet('udp');
    if (isRaw && flags.isSet('close'))
      throw new RoleError('--close is of HTTP: it cannot be given with --tcp or --udp');
    if (flags.isSet('tcp')) {
      createServer((socket) => {
        log(`TCP request from ${remoteOf(socket)}`);
        socket.on('error', () => socket.destroy());
        socket.end(`${hostname()}\n`);
      }).listen(port);
    }
    if (flags.isSet('udp')) {
      const socket = createSocket('udp6');
      socket.on('message', (_, from) => socket.send(`${hostname()}\n`, from.port, from.address));
      socket.bind(port);
    }
    if (isRaw) return;
    serveHttp({ port }, (request, response) => {
      log(`HTTP request from ${remoteOf(request.socket)}`);
      if (flags.isSet('close')) response.setHeader('connection', 'close');
      answer(response, 200, hostname());
    });
  },
});
