/**
 * Mocha's own `spec` output, and the counts for scripts/test.mjs in the file that SHOAL_TEST_COUNTS names: the wrapper prints the last line,
 * so that a crash of mocha itself counts as a failure too.
 */
const { writeFileSync } = require('node:fs');
const { reporters } = require('mocha');

module.exports = class CountingReporter extends reporters.Spec {
  epilogue() {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    if (process.env.SHOAL_TEST_COUNTS) writeFileSync(process.env.SHOAL_TEST_COUNTS, JSON.stringify({ passes, failures, pending }));
  }
};
