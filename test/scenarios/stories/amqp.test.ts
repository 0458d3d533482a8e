import { describe } from 'vitest';
import { stories } from './stories.ts';

describe('the four stories on the local hub over amqp', () => {
  stories({ protocol: 'amqp' });
});
