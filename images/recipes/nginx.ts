import { directory, file, symlink } from '../oci/entry.ts';
import { defineRecipe } from '../recipe.ts';
import { base, installOnly } from './base.ts';

const main = `user nginx;
worker_processes auto;
error_log /var/log/nginx/error.log notice;
pid /run/nginx.pid;
events { worker_connections 1024; }
http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    log_format main '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"';
    access_log /var/log/nginx/access.log main;
    sendfile on;
    keepalive_timeout 65;
    include /etc/nginx/conf.d/*.conf;
}
`;
const site = `server {
    listen 80;
    listen [::]:80;
    server_name localhost;
    location / {
        root /usr/share/nginx/html;
        index index.html index.htm;
    }
}
`;
const page =
  '<!DOCTYPE html>\n<html>\n<head><title>Welcome to nginx!</title></head>\n<body><h1>Welcome to nginx!</h1></body>\n</html>\n';

/** The web server of examples: serves /usr/share/nginx/html on port 80, writes its logs to the container's. */
export const nginx = defineRecipe({
  name: 'nginx',
  tags: ['1.27', '1.28', 'latest'],
  config: {
    Cmd: ['nginx', '-g', 'daemon off;'],
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    ExposedPorts: { '80/tcp': {} },
    StopSignal: 'SIGQUIT', // Finishes the requests under way.
  },
  layers: [
    base,
    {
      packages: ['nginx'],
      without: [...installOnly, 'iproute2', 'lsb-base', 'sysvinit-utils', 'init-system-helpers'],
      version: '2',
      files: () => [
        file('etc/nginx/nginx.conf', main),
        file('etc/nginx/conf.d/default.conf', site),
        file('usr/share/nginx/html/index.html', page),
        directory('var/log/nginx'),
        symlink('var/log/nginx/access.log', '/dev/stdout'),
        symlink('var/log/nginx/error.log', '/dev/stderr'),
        ...['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) =>
          directory(`var/lib/nginx/${name}`, 0o700, { uid: 101 }),
        ),
      ],
    },
  ],
});
