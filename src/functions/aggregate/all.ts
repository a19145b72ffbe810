/** Every implementation of aggregate functions by symbol; read by the registry. */
import type { AggregateImplementation, AggregateImplementations, OwnAggregate } from '../implementation.js';
import { approximateOwnAggregates } from './approximate.js';
import { arrayAggregates } from './array.js';
import { basicAggregates, basicOwnAggregates } from './basic.js';
import { hypotheticalSetAggregates } from './hypothetical-set.js';
import { jsonAggregates } from './json.js';
import { orderedSetAggregates } from './ordered-set.js';
import { rangeAggregates } from './range.js';
import { statisticsAggregates, statisticsOwnAggregates } from './statistics.js';

const topics: readonly AggregateImplementations[] = [
  basicAggregates,
  statisticsAggregates,
  orderedSetAggregates,
  hypotheticalSetAggregates,
  arrayAggregates,
  rangeAggregates,
  jsonAggregates,
];

export const aggregateImplementations: ReadonlyMap<string, AggregateImplementation> = new Map(topics.flatMap((topic) => Object.entries(topic)));

export const ownAggregates: readonly OwnAggregate[] = [...basicOwnAggregates, ...statisticsOwnAggregates, ...approximateOwnAggregates];
