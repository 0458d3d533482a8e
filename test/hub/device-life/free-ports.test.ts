import { HubProcess } from '../../support/hub-process.ts';
import { onFreePorts } from './reach.ts';
import { describeDeviceLife } from './suite.ts';

describeDeviceLife(async () => {
  const hub = await HubProcess.onFreePorts();
  return {
    reach: onFreePorts(hub),
    interrupt: () => Promise.resolve(),
    advance: (duration) => hub.advance(duration),
    [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose](),
  };
});
