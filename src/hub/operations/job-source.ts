import { DEVICE_JOB_MEMBERS, deviceJobDocument, type DeviceJob } from '../model/job-result.ts';
import type { QuerySource } from '../query/index.ts';

/** How queries read `devices.jobs`. */
export const jobSource: QuerySource<DeviceJob> = {
  name: 'devices.jobs',
  members: {
    ...DEVICE_JOB_MEMBERS,
    // Documented as a filter, while rows have the other name. service-protocol.md, 6.3
    createdTimeUtc: DEVICE_JOB_MEMBERS.createdDateTimeUtc,
  },
  document: deviceJobDocument,
  itemType: 'DeviceJob',
};
