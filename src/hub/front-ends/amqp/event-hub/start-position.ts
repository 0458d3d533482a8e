import type { StartPosition } from '../../../model/event.ts';
import { HubError } from '../../../model/hub-error.ts';

const SELECTOR = 'apache.org:selector-filter:string';
const EXPRESSION = /^\s*amqp\.annotation\.(x-opt-[a-z-]+)\s*(>=|>)\s*'?([^']*)'?\s*$/i;

/**
 * Where a receiver wants to begin; without a filter from the start.
 *
 * @throws HubError ArgumentInvalid for a filter that is not one of service-protocol.md, 12.3
 */
export function startPositionOf(filter: Readonly<Record<string, string>>): StartPosition {
  const text = filter[SELECTOR];
  if (text === undefined) return { kind: 'earliest' };
  const [, annotation, comparison, value = ''] = EXPRESSION.exec(text) ?? [];
  const inclusive = comparison === '>=';
  switch (annotation?.toLowerCase()) {
    case 'x-opt-offset':
      return offsetPosition(value, inclusive, text);
    case 'x-opt-sequence-number':
      return { kind: 'sequenceNumber', sequenceNumber: wholeNumber(value, text), inclusive };
    case 'x-opt-enqueued-time':
    case 'x-opt-enqueuedtimeutc':
      return { kind: 'enqueuedTime', enqueuedMs: wholeNumber(value, text), inclusive };
    default:
      throw invalid(text);
  }
}

function offsetPosition(value: string, inclusive: boolean, text: string): StartPosition {
  if (value === '-1') return { kind: 'earliest' };
  if (value.toLowerCase() === '@latest') return { kind: 'latest' };
  return { kind: 'offset', offset: wholeNumber(value, text), inclusive };
}

function wholeNumber(value: string, text: string): number {
  if (!/^-?\d{1,15}$/.test(value)) throw invalid(text);
  return Number(value);
}

function invalid(text: string): HubError {
  return new HubError('ArgumentInvalid', `the filter '${text}' is not a position in a partition`);
}
