import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { resultSummary } from './client-facts.ts';
import { withColumn } from './clients-table.ts';

const PAGE = `# Page

| a | b |
|---|---|
| 1 | 2 |

## Clients

Words.

| | One 1.0 | Two 2.0 |
|---|---|---|
| tried on | then | then |
| gone | — | yes |

More words.
`;

const tableOf = (page: string) => page.split('\n').slice(10, -3);

describe('withColumn', () => {
  it('replaces the column of a client and keeps the others', () => {
    const page = withColumn(PAGE, {
      title: 'Two',
      version: '2.1',
      cells: { 'tried on': 'now', 'a new row': 'yes' },
    });
    assert.deepEqual(tableOf(page), [
      '| | One 1.0 | Two 2.1 |',
      '|---|---|---|',
      '| tried on | then | now |',
      '| a new row | — | yes |',
    ]);
    assert.ok(page.startsWith(PAGE.slice(0, 60)));
    assert.ok(page.endsWith('\n\nMore words.\n'));
  });

  it('adds a client that is not there', () => {
    const page = withColumn(PAGE, { title: 'Three', version: '3', cells: { 'tried on': 'now' } });
    assert.deepEqual(tableOf(page), [
      '| | One 1.0 | Two 2.0 | Three 3 |',
      '|---|---|---|---|',
      '| tried on | then | then | now |',
      '| gone | — | yes | — |',
    ]);
  });

  it('changes nothing the second time', () => {
    const word = fc.stringMatching(/^[A-Za-z$&0-9]{1,8}$/);
    fc.assert(
      fc.property(
        word,
        word,
        fc.dictionary(word, word, { minKeys: 1 }),
        (title, version, cells) => {
          const once = withColumn(PAGE, { title, version, cells });
          assert.equal(withColumn(once, { title, version, cells }), once);
        },
      ),
    );
  });

  it('refuses a page without the table', () => {
    const column = { title: 'One', version: '1', cells: {} };
    assert.throws(() => withColumn('# Page\n', column), /has no table in a section "Clients"/);
  });
});

describe('resultSummary', () => {
  it('says up to where results are whole', () => {
    assert.equal(resultSummary([10, 2000], [10, 2000]), '2,000 characters whole');
    assert.equal(resultSummary([10, 2000], [10, 1500]), '10 whole, 1,500 of 2,000 characters');
    assert.equal(resultSummary([10, 2000], [4]), '4 of 10 characters');
  });
});
