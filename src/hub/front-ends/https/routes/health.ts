import type { Route } from '../route.ts';

/** Whether the hub is ready: for scripts and container probes. Not a route of IoT Hub. */
export const HEALTH_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/health',
    permissions: 'open',
    run: (hub) => ({ body: { status: 'ready', hostName: hub.hostName } }),
  },
];
