/**
 * Network coordinates: each node keeps a point such that the distance of two points is about the round trip between the nodes, though most pairs never ping each other. Pure.
 * Source: Dabek et al., "Vivaldi: a decentralized network coordinate system" (SIGCOMM 2004), with its height: what the way from a node to the core of the network costs.
 * Used for the choice of the nearest holder of data (shuffle/placement.ts).
 */
import type { NetworkCoordinates } from '../membership/node-record.js';

const dimensions = 3;
/** How far one sample moves the point, and the estimate of its error. */
const positionGain = 0.25;
const errorGain = 0.25;
/** Milliseconds; nothing is nearer, so that the height cannot vanish and relative errors mean something. */
const roundTripMsMin = 0.01;

/** Of a node that has measured nothing. */
export const origin: NetworkCoordinates = { position: Array.from({ length: dimensions }, () => 0), height: roundTripMsMin, error: 1 };

function difference(a: NetworkCoordinates, b: NetworkCoordinates): readonly number[] {
  return a.position.map((value, axis) => value - (b.position[axis] ?? 0));
}

/** The round trip that is expected, in milliseconds. */
export function distance(a: NetworkCoordinates, b: NetworkCoordinates): number {
  return Math.hypot(...difference(a, b)) + a.height + b.height;
}

/** The own coordinates after a round trip to a node with coordinates `other`. random: [0, 1), for the direction in which two nodes at one point part. */
export function observe(own: NetworkCoordinates, other: NetworkCoordinates, roundTripMs: number, random: () => number): NetworkCoordinates {
  const measured = Math.max(roundTripMs, roundTripMsMin);
  const expected = distance(own, other);
  const wrongness = Math.abs(expected - measured) / measured;
  // Who knows his place is moved less by who does not.
  const weight = own.error / Math.max(own.error + other.error, Number.EPSILON);
  const error = Math.min(1, errorGain * weight * wrongness + own.error * (1 - errorGain * weight));
  const force = positionGain * weight * (measured - expected);
  const apart = difference(own, other);
  const length = Math.hypot(...apart);
  const direction = length > roundTripMsMin ? apart.map((value) => value / length) : someDirection(random);
  const height = length > roundTripMsMin ? own.height + ((own.height + other.height) * force) / length : own.height;
  return { position: own.position.map((value, axis) => value + (direction[axis] ?? 0) * force), height: Math.max(roundTripMsMin, height), error };
}

function someDirection(random: () => number): readonly number[] {
  const vector = Array.from({ length: dimensions }, () => random() - 0.5);
  const length = Math.hypot(...vector);
  return length === 0 ? vector.map((_, axis) => (axis === 0 ? 1 : 0)) : vector.map((value) => value / length);
}
