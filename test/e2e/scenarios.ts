import { runningCell, type Scenario } from './scenario-player.ts';
import type { ModelCall } from './scripted-model.ts';

const COMPLETED = /^Script completed/;
const FAILED = /^Script failed/;
const RUNNING = /^Script running with cell ID/;
const TERMINATED = /^Script terminated/;

const PIXEL =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const PATCH = ['*** Begin Patch', '*** Add File: note.txt', '+a line', '*** End Patch'].join('\\n');

const exec = (source: string): ModelCall => ({ tool: 'exec', source });
const wait = (input: Record<string, unknown>): ModelCall => ({ tool: 'wait', input });

/** Typical uses of code mode, each in a few cells. Shell commands only print. */
export const SCENARIOS: readonly Scenario<ModelCall>[] = [
  {
    name: 'shell commands at once',
    *play(expect) {
      const [answer] = yield [
        exec(
          'const all = ["a", "b", "c"].map((x) => tools.exec_command({ cmd: `echo ${x}` }));\n' +
            'text((await Promise.all(all)).map(({ exit_code, output }) => exit_code + output.trim()).join());',
        ),
      ];
      expect(answer, COMPLETED, '0a,0b,0c');
    },
  },
  {
    name: 'a cell yields, and is awaited',
    *play(expect) {
      const [first] = yield [
        exec(
          'text("before");\nyield_control();\n' +
            'const { output } = await tools.exec_command({ cmd: "sleep 0.3; printf after" });\ntext(output);',
        ),
      ];
      expect(first, RUNNING, 'before');
      const [last] = yield [wait({ cell_id: runningCell(first), yield_time_ms: 10_000 })];
      expect(last, COMPLETED, 'after');
    },
  },
  {
    name: 'a cell takes longer than it may',
    *play(expect) {
      const [first] = yield [
        exec(
          '// @exec: {"yield_time_ms": 300}\n' +
            'text(1);\nawait new Promise((go) => setTimeout(go, 1200));\ntext(2);',
        ),
      ];
      expect(first, RUNNING, /1$/);
      const cell_id = runningCell(first);
      const [second] = yield [wait({ cell_id, yield_time_ms: 50 })];
      expect(second, RUNNING);
      const [last] = yield [wait({ cell_id, yield_time_ms: 10_000 })];
      // The host reports how long it took, and the program prints it.
      expect(last, COMPLETED, /2$/, /Wall time (?!0\.0 )\d\.\d seconds/);
    },
  },
  {
    name: 'a cell fails',
    *play(expect) {
      const [thrown] = yield [exec('text("half");\nthrow new Error("boom");')];
      expect(thrown, FAILED, 'half', 'Script error:\nError: boom\n    at exec_main.mjs:2:7');
      const [refused] = yield [exec('await tools.exec_command({});')];
      expect(refused, FAILED, 'Script error:', 'cmd');
    },
  },
  {
    name: 'a tool refuses, and the cell goes on',
    *play(expect) {
      const [answer] = yield [
        exec('const text1 = await tools.exec_command({}).catch(String);\ntext(`so: ${text1}`);'),
      ];
      expect(answer, COMPLETED, 'so: ', 'cmd');
    },
  },
  {
    name: 'a value stored in one cell is loaded in the next',
    *play(expect) {
      const [stored] = yield [exec('store("k", { list: [1, null, "z"] });\ntext("stored");')];
      expect(stored, COMPLETED, 'stored');
      const [loaded] = yield [exec('text(load("k"));\ntext(String(load("other")));')];
      expect(loaded, COMPLETED, '{"list":[1,null,"z"]}', 'undefined');
    },
  },
  {
    name: 'a cell notifies',
    *play(expect) {
      const [answer] = yield [
        exec(
          'notify("half way");\nawait new Promise((go) => setTimeout(go, 200));\ntext("there");',
        ),
      ];
      expect(answer, COMPLETED, 'there', 'half way');
    },
  },
  {
    name: 'a cell is terminated',
    *play(expect) {
      const [started] = yield [
        exec('text("waiting");\nyield_control();\nawait new Promise((go) => setTimeout(go, 1e9));'),
      ];
      expect(started, RUNNING, 'waiting');
      const cell_id = runningCell(started);
      const [ended] = yield [wait({ cell_id, terminate: true })];
      expect(ended, TERMINATED);
      const [gone] = yield [wait({ cell_id })];
      expect(gone, FAILED, `exec cell ${cell_id} not found`);
    },
  },
  {
    name: 'two cells at once',
    *play(expect) {
      const [slow, fast] = yield [
        exec('await new Promise((go) => setTimeout(go, 200));\ntext("slow");'),
        exec('text("fast");'),
      ];
      expect(slow, COMPLETED, 'slow');
      expect(fast, COMPLETED, 'fast');
    },
  },
  {
    name: 'more output than the model asked for',
    *play(expect) {
      const [first] = yield [
        exec(
          '// @exec: {"max_output_tokens": 20}\n' +
            'text("x".repeat(400));\ntext("y");\nyield_control();\ntext("é".repeat(300));\nthrow new Error("late");',
        ),
      ];
      expect(first, RUNNING, 'truncated output (original token count: 101)');
      const [last] = yield [wait({ cell_id: runningCell(first), max_tokens: 30 })];
      expect(last, FAILED, 'tokens truncated');
      const [mixed] = yield [
        exec(
          '// @exec: {"max_output_tokens": 10}\n' +
            `text("z".repeat(100));\nimage("${PIXEL}");\ntext("dropped");`,
        ),
      ];
      expect(mixed, COMPLETED, 'tokens truncated', '[input_image]', '[omitted 1 text items ...]');
    },
  },
  {
    name: 'a tool that takes text',
    *play(expect) {
      const [answer] = yield [exec(`text(await tools.apply_patch("${PATCH}"));`)];
      expect(answer, COMPLETED);
    },
  },
  {
    name: 'what a cell sees',
    *play(expect) {
      const [answer] = yield [
        exec(
          'text(Object.keys(globalThis).sort());\n' +
            'text(ALL_TOOLS.map(({ name, description }) => `${name}: ${description.length}`));\n' +
            'text(Object.keys(tools));',
        ),
      ];
      expect(answer, COMPLETED, 'exec_command');
    },
  },
];
