import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BUNDLE, bundleWebGlobals } from '../../web-globals/bundle.ts';
import { read } from '../support/doc-pages.ts';

describe('The script of the web globals', () => {
  it('is the one that its sources make; otherwise run `npm run build:web`', async () => {
    assert.ok(read(BUNDLE) === (await bundleWebGlobals()), 'it differs');
  });

  it('begins with the licences of the packages in it', () => {
    const [comment = ''] = read(BUNDLE).split('*/');
    const packages = ['@exodus/bytes', 'core-js', 'punycode', 'tr46', 'webidl-conversions'];
    for (const name of [...packages, 'whatwg-url']) {
      assert.match(comment, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+\n\n`, 'm'));
    }
    assert.equal(comment.match(/Permission is hereby granted/g)?.length, 5);
    assert.match(comment, /Redistribution and use in source and binary forms/);
  });
});
