import type { AmqpError } from '../transport/link.ts';

/** What Event Hubs says, in its own words: clients make an ArgumentOutOfRangeError of it. */
export function unknownPartition(partitionIds: readonly string[]): AmqpError {
  return {
    condition: 'com.microsoft:argument-out-of-range',
    description:
      'The specified partition is invalid for an EventHub partition sender or receiver. ' +
      `It should be between 0 and ${partitionIds.length - 1}.`,
  };
}
