import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { CliOutput } from '../../../host/cli/cli-io.ts';
import { jsonLine, print, printFailure, printLabelled } from '../../../host/cli/print.ts';
import { inOneLine, withoutControls } from '../../../host/io/visible-text.ts';
import { startHostCli } from '../../support/cli-run.ts';

const ESCAPE = '\u001b';
/** What a terminal acts on, of the characters that programs can write. */
const ACTED_ON = /[[\p{Cc}--[\t\n]]\p{Bidi_Control}]/v;

/** Texts full of what terminals act on. */
const hostile = fc.string({
  unit: fc.oneof(
    fc.integer({ min: 0, max: 0x9f }).map((code) => String.fromCharCode(code)),
    fc.constantFrom('\u202e', '\u2066', `${ESCAPE}[2J`, `${ESCAPE}]0;x\u0007`, '\u009b31m', '\r\n'),
    fc.constantFrom('note: ', 'warning: ', 'cellhost: ', '😀', '\ud800'),
  ),
});

function written(isTTY: boolean, write: (stream: CliOutput) => void): string {
  let text = '';
  const stream = {
    isTTY,
    write(part: string) {
      text += part;
    },
  };
  write(stream as unknown as CliOutput);
  return text;
}

/** The same without the marks of our labels. */
function unmarked(text: string): string {
  return text.replace(`${ESCAPE}[1m`, '').replace(`${ESCAPE}[22m`, '');
}

describe('Text on a terminal', () => {
  it('has no control characters but tabs and newlines, whoever wrote it', () => {
    const shown = (text: string) => [
      written(true, (stream) => print(stream, text)),
      written(true, (stream) => printLabelled(stream, 'note:', text)),
      written(true, (stream) => printLabelled(stream, `[${text}]`, text)),
      written(true, (stream) => printFailure(stream, text)),
    ];
    fc.assert(
      fc.property(hostile, (text) => {
        for (const line of shown(text)) assert.doesNotMatch(unmarked(line), ACTED_ON);
      }),
    );
  });

  it('shows what was in the way', () => {
    assert.equal(withoutControls(`a${ESCAPE}[31m\tb\n\u009b\u007f\r`), 'a␛[31m\tb\n\\u009b␡␍');
  });

  it('stays in its line where it must', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        assert.doesNotMatch(inOneLine(text), /[\p{Cc}\p{Bidi_Control}]/v);
      }),
    );
    assert.equal(inOneLine('a\tb\nc'), 'a␉b␊c');
  });

  it('is harmless where an option that we do not know is named', async () => {
    const { exitCode, stderr } = startHostCli([`--a${ESCAPE}[2J`], { stderrIsTerminal: true });
    assert.equal(await exitCode, 2);
    await stderr.has('Usage:');
    assert.doesNotMatch(stderr.text(), ACTED_ON);
  });

  it('is bold in the labels of our own lines, and nowhere else', () => {
    const text = `x${ESCAPE}[1mnote:${ESCAPE}[22m`;
    const line = written(true, (stream) => printLabelled(stream, 'notification:', text));
    assert.equal(line, `${ESCAPE}[1mnotification:${ESCAPE}[22m x␛[1mnote:␛[22m\n`);
    assert.ok(written(true, (stream) => printFailure(stream, 'x')).startsWith(`${ESCAPE}[1m`));
  });
});

describe('A line of ours', () => {
  it('cannot be continued by one that looks like another', () => {
    fc.assert(
      fc.property(hostile, fc.boolean(), (text, isTerminal) => {
        const line = written(isTerminal, (stream) => printLabelled(stream, 'note:', text));
        const [, ...others] = line.trimEnd().split(/\r\n?|\n/);
        for (const other of others) assert.match(other, /^(?:\s|$)/);
      }),
    );
  });

  it('leaves the frames of a failure as they are', () => {
    const text = 'Error: a\nnote: b\n    at exec_main.mjs:1:1';
    const line = written(false, (stream) => printFailure(stream, text));
    assert.equal(line, 'Error: a\n    note: b\n    at exec_main.mjs:1:1\n');
  });
});

describe('Text for another program', () => {
  it('is left as it is', () => {
    const text = `a${ESCAPE}[31m\u009b`;
    assert.equal(
      written(false, (stream) => print(stream, text)),
      text,
    );
  });

  it('has no control characters as JSON, and means the same', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const line = jsonLine({ text });
        assert.doesNotMatch(line.slice(0, -1), /\p{Cc}/u);
        assert.deepEqual(JSON.parse(line), { text });
      }),
    );
  });
});
