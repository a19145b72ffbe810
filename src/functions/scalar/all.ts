/** Every implementation of scalar functions by symbol; read by the registry. */
import type { OwnScalar, ScalarImplementation, ScalarImplementations } from '../implementation.js';

const topics: readonly ScalarImplementations[] = [];

export const scalarImplementations: ReadonlyMap<string, ScalarImplementation> = new Map(topics.flatMap((topic) => Object.entries(topic)));

export const ownScalars: readonly OwnScalar[] = [];
