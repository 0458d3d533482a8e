import type { Behaviour } from '../behaviour.ts';

/** The method of the direct-methods tutorial. The running count of calls is told with every call. */
export function createDeviceMethod(): Behaviour {
  return {
    methods: {
      DeviceMethod: () => ({ status: 200, payload: { Response: 'This is the response from the device' } }),
    },
  };
}
