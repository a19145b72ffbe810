/** Every implementation of aggregate functions by symbol; read by the registry. */
import type { OwnAggregate, AggregateImplementation, AggregateImplementations } from '../implementation.js';

const topics: readonly AggregateImplementations[] = [];

export const aggregateImplementations: ReadonlyMap<string, AggregateImplementation> = new Map(topics.flatMap((topic) => Object.entries(topic)));

export const ownAggregates: readonly OwnAggregate[] = [];
