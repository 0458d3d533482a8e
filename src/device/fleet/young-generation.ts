import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8's young generation at the megabyte that it begins with. While a fleet connects it would grow to 32 MB and stay there:
 * measured with 1,000 devices, 22 to 30 KB a device for 4 to 8 % of the processor time. To be called before the fleet is made.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
