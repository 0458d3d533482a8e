import { describe } from 'vitest';
import { stories } from './stories.ts';

describe('the four stories on the local hub over mqtt', () => {
  stories({ protocol: 'mqtt' });
});
