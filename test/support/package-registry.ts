import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { ROOT } from './doc-pages.ts';

/** A registry of npm packages on the loopback interface. */
export interface PackageRegistry extends AsyncDisposable {
  readonly url: string;
}

/** Serves the packages that are installed in this project, each in that version alone. */
export async function startPackageRegistry(): Promise<PackageRegistry> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname).slice(1);
    const name = path.replace(/\.tgz$/, '');
    const folder = join(ROOT, 'node_modules', name);
    if (!/^[@\w.-]+(\/[\w.-]+)?$/.test(name) || !existsSync(join(folder, 'package.json'))) {
      response.writeHead(404).end('{}');
    } else if (path === name) {
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify(documentOf(folder, `http://${request.headers.host}/${name}.tgz`)),
      );
    } else {
      const args = [
        '-czf',
        '-',
        '--exclude',
        'node_modules',
        '-C',
        dirname(folder),
        basename(folder),
      ];
      spawn('tar', args, { stdio: ['ignore', 'pipe', 'ignore'] }).stdout.pipe(response);
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function documentOf(folder: string, tarball: string): object {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const { name, version, scripts } = manifest;
  const hasInstallScript = ['preinstall', 'install', 'postinstall'].some((each) => scripts?.[each]);
  const served = { ...manifest, hasInstallScript, dist: { tarball } };
  return { name, 'dist-tags': { latest: version }, versions: { [version]: served } };
}
