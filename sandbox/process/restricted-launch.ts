import { spawnSync } from 'node:child_process';
import { engineNode } from './engine-node.ts';
import { engineStart } from './engine-start.ts';

/** The account that owns nothing. */
const NOBODY = '65534';

/**
 * Each takes something away from a process: the network, the administrator's account, the means to
 * gain privileges, files to write and to open. The first of its forms that works here is used.
 */
const RESTRICTIONS: readonly (readonly (readonly string[])[])[] = [
  [
    ['unshare', '--net'],
    ['unshare', '--user', '--net'],
  ],
  [
    ['setpriv', '--no-new-privs', '--clear-groups', `--regid=${NOBODY}`, `--reuid=${NOBODY}`],
    ['setpriv', '--no-new-privs'],
  ],
  [['prlimit', '--core=0', '--fsize=0', '--nofile=64']],
];

/**
 * Words for the option `launch` of a process sandbox that restrict what machine code in a process
 * can do, as far as this system has the tools and permits it. Tries each of them, which takes a few
 * dozen milliseconds: keep the result.
 *
 * @param nodePath As in the options of the sandbox.
 * @returns Empty if nothing works, such as on systems other than Linux.
 */
export function restrictedLaunch(nodePath?: string): readonly string[] {
  const node = engineNode(nodePath);
  const entry = engineStart(node).args.at(-1)!;
  const readable = ['test', '-x', node, '-a', '-r', entry];
  let launch: readonly string[] = [];
  for (const forms of RESTRICTIONS) {
    const words = forms.find((form) => works([...launch, ...form, ...readable]));
    launch = [...launch, ...(words ?? [])];
  }
  return launch;
}

function works([command, ...args]: readonly string[]): boolean {
  return spawnSync(command!, args, { stdio: 'ignore' }).status === 0;
}
