import type { Program } from '../../src/sandbox.ts';
import { lengthOfValues } from '../../src/stored-values.ts';
import type { StartConfig } from '../bootstrap/bridge-types.ts';
import { unusedName } from './hidden-names.ts';
import type { ModuleBody } from './module-source.ts';

/** If stored values are longer than this together, each is fetched when it is loaded. */
const INLINE_VALUES_LENGTH = 262_144;

/**
 * The script that starts a program: its body in a function, after one extra line.
 *
 * @param direct Whether this thread enters.
 */
export function programScript(program: Program, module: ModuleBody, direct = false): string {
  const { body, metaName, loadName, thisName } = module;
  const [finish, fail, error] = [9, 10, 12].map((length) => unusedName(body, length));
  const config = JSON.stringify(JSON.stringify(startConfig(program)));
  const head = `async (${metaName}, ${loadName}, ${finish}, ${fail}, ${thisName}) => { try {`;
  const foot = `} catch (${error}) { return ${fail}(${error}); } ${finish}(); }`;
  return `'use strict';$cellhost$begin(${config}, ${direct}, ${head}\n${body}\n${foot});`;
}

function startConfig({ tools, values, toolErrors, console }: Program): StartConfig {
  const valuesLength = lengthOfValues(values);
  const inline = valuesLength <= INLINE_VALUES_LENGTH;
  return {
    tools,
    values: inline ? [...values] : [],
    remoteKeys: inline ? [] : [...values.keys()],
    valuesLength,
    toolErrors,
    console,
  };
}
