/** docs/compatibility.md says what the registries say: after a change to these run `npm run compatibility -- --registry`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { documentOf, partOf, pathOfDocument, replacePart } from '../../compatibility/document.js';
import { registryReport } from '../../compatibility/registry-report.js';

describe('docs/compatibility.md', () => {
  it('is up to date with the registries', () => {
    assert.equal(partOf(readFileSync(pathOfDocument, 'utf8'), 'registry'), registryReport().trim(), 'run npm run compatibility -- --registry');
  });

  it('has parts that can be written anew', () => {
    const document = documentOf('one', 'two');
    assert.equal(partOf(document, 'registry'), 'one');
    const changed = replacePart(document, 'registry', 'three');
    assert.deepEqual([partOf(changed, 'registry'), partOf(changed, 'conformance')], ['three', 'two']);
  });
});
