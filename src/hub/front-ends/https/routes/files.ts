import type { DeviceRoute } from '../route.ts';

/** File upload. @see device-protocol.md, 10 */
export const FILE_ROUTES: readonly DeviceRoute[] = [];
