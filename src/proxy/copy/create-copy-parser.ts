/**
 * The parser for a COPY FROM. Called by the session when COPY begins:
 *
 *     const parser = createCopyParser(target, { text: (fields, line) => ..., binary: (fields, line) => ... });
 *     for await (const chunk of output.copyIn({ format, columnCount })) { parser.push(chunk); ... }
 *     parser.end();
 */
import { CopyBinaryParser } from './binary-parser.js';
import type { CopyParser, CopyPlainRowReceiver, CopyRowReceiver, CopyTarget } from './copy-parser.js';
import { CopyCsvParser } from './csv-parser.js';
import { CopyTextParser } from './text-parser.js';

export interface CopyReceivers {
  /** For the text and csv formats. */
  readonly text: CopyRowReceiver<string | null>;
  /** For rows of the text format without escapes; absent: they come as `text`. */
  readonly plain?: CopyPlainRowReceiver;
  readonly binary: CopyRowReceiver<Uint8Array | null>;
}

export function createCopyParser(target: CopyTarget, receivers: CopyReceivers): CopyParser {
  switch (target.options.format) {
    case 'text':
      return new CopyTextParser(target, receivers.text, receivers.plain);
    case 'csv':
      return new CopyCsvParser(target, receivers.text);
    case 'binary':
      return new CopyBinaryParser(target, receivers.binary);
  }
}
