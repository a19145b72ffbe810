/** Every implementation of set-returning functions by symbol; read by the registry. */
import type { SetImplementation, SetImplementations } from '../implementation.js';
import { jsonSets } from './json.js';
import { seriesSets } from './series.js';
import { systemSets } from './system.js';
import { textSets } from './text.js';
import { textSearchSets } from './text-search.js';

const topics: readonly SetImplementations[] = [seriesSets, textSets, systemSets, jsonSets, textSearchSets];

export const setImplementations: ReadonlyMap<string, SetImplementation> = new Map(topics.flatMap((topic) => Object.entries(topic)));
