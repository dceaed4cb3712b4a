import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cancelledNote, lineOfTool } from '../../../sandbox/isolate/cancelled-note.ts';

describe('cancelledNote', () => {
  it('says nothing of a program that awaited its calls', () => {
    assert.equal(cancelledNote('tools.a()', []), null);
  });

  it('names one call with its line', () => {
    assert.equal(
      cancelledNote('\ntools.slow()', ['slow']),
      '1 tool call was cancelled when the program ended: tools.slow (line 2); await it',
    );
  });

  it('counts the calls of one tool, and leaves out a line that is not clear', () => {
    const source = 'tools.a(); tools.a();\ntools.b();\ntools.b(); const { c } = tools; c()';
    assert.equal(
      cancelledNote(source, ['a', 'b', 'a', 'c']),
      '4 tool calls were cancelled when the program ended: tools.a (2 times, line 1), tools.b, tools.c; await them',
    );
  });

  it('names five tools at most, and cuts long names', () => {
    const names = Array.from({ length: 300 }, (_, n) => `${'x'.repeat(500)}${n}`);
    const note = cancelledNote('', names) ?? '';
    assert.match(note, /^300 tool calls were/);
    assert.match(note, /, …; await them$/);
    assert.ok(note.length < 800, String(note.length));
  });
});

describe('lineOfTool', () => {
  it('does not take a longer name for the tool', () => {
    assert.equal(lineOfTool('tools.abc()\ntools.ab()\ntools.ab$()\ntools.abä()', 'ab'), 2);
  });

  it('counts every line break of the language once', () => {
    assert.equal(lineOfTool('\n\r\n\r\u2028\u2029tools.a()', 'a'), 6);
  });

  it('takes little time for a source of one mebibyte', () => {
    const source = 'tools.a\n'.repeat(131_072);
    const startedMs = performance.now();
    assert.equal(lineOfTool(`${'tools.ab;'.repeat(116_000)}\ntools.a`, 'a'), 2);
    assert.equal(lineOfTool(source, 'a'), null);
    const ms = performance.now() - startedMs;
    assert.ok(ms < 2_000, `${Math.round(ms)} ms`);
  });
});
