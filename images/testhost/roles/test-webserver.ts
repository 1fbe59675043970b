import { createReadStream, statSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { answer, serveHttp, urlOf } from '../http.ts';
import { defineRole } from '../role.ts';

/** Serves the container's own files. */
export const testWebserver = defineRole({
  name: 'test-webserver',
  flags: { port: '80' },
  run({ flags }) {
    serveHttp({ port: flags.number('port') }, (request, response) => {
      const path = join('/', normalize(decodeURIComponent(urlOf(request).pathname)));
      const found = statSync(path, { throwIfNoEntry: false });
      if (!found) answer(response, 404, '404 page not found\n');
      else if (found.isDirectory()) answer(response, 200, '');
      else
        createReadStream(path)
          .on('error', (error) => response.destroy(error))
          .pipe(response);
    });
  },
});
