/** What an answer of an orchestrator's API means for the scaler, where Marathon and Kubernetes agree. */
import type { ChangeOutcome } from '../driver.js';
import { DriverError } from '../driver.js';
import { type HttpAnswer, Unreachable } from '../http-client.js';
import { objectOf, textOf } from '../json.js';

function told({ status, body, text }: HttpAnswer): string {
  const message = textOf(objectOf(body)?.['message']) ?? text.slice(0, 200);
  return `HTTP ${String(status)}${message === '' ? '' : `: ${message}`}`;
}

/** Of an answer that is neither success nor something that the driver knows better. */
export function failureOf(answer: HttpAnswer, what: string): DriverError['outcome'] {
  const reason = `${what}: ${told(answer)}`;
  // 408, 429: come again; 5xx: overload, no leader.
  const isPassing = answer.status >= 500 || answer.status === 408 || answer.status === 429;
  return isPassing ? { kind: 'unavailable', reason } : { kind: 'refused', reason };
}

/** Carries out a change; what cannot be reached is unavailable. */
export async function attempted(change: () => Promise<ChangeOutcome>): Promise<ChangeOutcome> {
  try {
    return await change();
  } catch (error) {
    if (error instanceof Unreachable) return { kind: 'unavailable', reason: error.message };
    if (error instanceof DriverError) return error.outcome;
    throw error;
  }
}
