import {
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** Environment variables. */
export type Environment = Readonly<Record<string, string>>;

/** A command in a container. */
export interface ContainerCommand {
  readonly words: readonly string[];
  readonly env: Environment;
  readonly user: string;
  /** Whether it can write to nothing but an empty `/tmp`. */
  readonly isReadOnly: boolean;
}

/** What carries out the instructions of a container file without a container engine. */
export interface ContainerPlace {
  /** The file that has this path in the container. */
  path(inside: string): string;
  /** A text of the container file with its paths as commands of the place know them. */
  text(given: string): string;
  /** What to start for a command. */
  launch(command: ContainerCommand): {
    readonly words: readonly string[];
    readonly env: Environment;
  };
}

const FOLDERS = ['tmp', 'run/secrets'];
const SYSTEM = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'usr'];
const USERS = { root: 0, node: 1000 };

/** Paths are those below a folder. The user, and the rest of the system, are those of this machine. */
export function mappedPlace(root: string): ContainerPlace {
  const local = join(root, 'usr/local');
  for (const name of [...FOLDERS, 'usr/local/bin'])
    mkdirSync(join(root, name), { recursive: true });
  symlinkSync(process.execPath, join(local, 'bin/node'));
  const path = [join(local, 'bin'), process.env.PATH].join(delimiter);
  return {
    path: (inside) => join(root, inside),
    text: (given) => given.replace(/(^|[\s='"])\/(?=\w)/g, `$1${root}/`),
    launch: ({ words, env }) => ({
      words,
      env: { ...env, PATH: path, HOME: root, npm_config_prefix: local },
    }),
  };
}

/**
 * A folder is the root of the file system, beside the programs of this machine, and commands run as
 * users of its own. Needs Linux and the rights of root.
 */
export function rootedPlace(folder: string): ContainerPlace {
  const root = join(folder, 'root');
  const local = join(folder, 'local');
  const folders = [...FOLDERS, 'etc', 'dev', 'proc', 'root', 'home/node'];
  for (const name of folders) mkdirSync(join(root, name), { recursive: true });
  for (const name of SYSTEM.filter((each) => existsSync(join('/', each)))) {
    const isLink = lstatSync(join('/', name)).isSymbolicLink();
    if (isLink) symlinkSync(readlinkSync(join('/', name)), join(root, name));
    else mkdirSync(join(root, name));
  }
  const lines = (line: (name: string, id: number) => string) =>
    Object.entries(USERS).map(([name, id]) => `${line(name, id)}\n`);
  const user = (name: string, id: number) => `${name}:x:${id}:${id}::${homeOf(name)}:/bin/sh`;
  writeFileSync(join(root, 'etc/passwd'), lines(user).join(''));
  writeFileSync(join(root, 'etc/group'), lines((name, id) => `${name}:x:${id}:`).join(''));
  putNode(local);
  return {
    path: (inside) => join(root, inside),
    text: (given) => given,
    launch: ({ words, env, user, isReadOnly }) => ({
      words: [
        ...['unshare', '--mount', '--propagation', 'private', 'sh', '-c', ENTER, 'sh'],
        ...[root, local, user, isReadOnly ? 'read-only' : '', ...words],
      ],
      env: { ...env, PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: homeOf(user) },
    }),
  };
}

/** Mounts what a container sees, and changes to it. The mounts end with the command. */
const ENTER = `
set -e
root=$1 local=$2 user=$3 mode=$4
shift 4
mount --bind "$root" "$root"
for name in ${SYSTEM.join(' ')}; do
  if [ -d "/$name" ] && [ ! -L "/$name" ]; then mount -o bind,ro "/$name" "$root/$name"; fi
done
mount --bind "$local" "$root/usr/local"
mount --rbind /dev "$root/dev"
mount --rbind /proc "$root/proc"
if [ "$mode" = read-only ]; then
  mount -o remount,bind,ro "$root"
  mount -o remount,bind,ro "$root/usr/local"
  mount -t tmpfs tmpfs "$root/tmp"
fi
exec chroot --userspec="$user:$user" "$root" "$@"`;

/** Node.js and npm as the image has them. */
function putNode(local: string): void {
  const modules = join(local, 'lib/node_modules');
  const bin = join(local, 'bin');
  for (const folder of [modules, bin]) mkdirSync(folder, { recursive: true });
  copyFileSync(process.execPath, join(bin, 'node'));
  cpSync(npmFolder(), join(modules, 'npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(bin, 'npm'));
}

function npmFolder(): string {
  const found = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'npm'))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error('npm is not on the PATH');
  return dirname(dirname(realpathSync(found)));
}

function homeOf(user: string): string {
  return user === 'root' ? '/root' : `/home/${user}`;
}
