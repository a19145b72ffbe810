/** Arrays: codec and the array form used at rest. */
import type { PgType, TypeCodec } from './pg-type.js';
import { textCodec } from './text.js';

export function arrayCodec(_element: () => PgType): TypeCodec {
  return textCodec;
}

export function vectorCodec(_name: string, _element: () => PgType): TypeCodec {
  return textCodec;
}
