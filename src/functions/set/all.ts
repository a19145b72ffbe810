/** Every implementation of set functions by symbol; read by the registry. */
import type { SetImplementation, SetImplementations } from '../implementation.js';

const topics: readonly SetImplementations[] = [];

export const setImplementations: ReadonlyMap<string, SetImplementation> = new Map(topics.flatMap((topic) => Object.entries(topic)));

