/** IoT Hub's sizes and counts. @see device-protocol.md, 6.3; service-protocol.md, 5.4 and 14 */
export const MAX_TAGS_BYTES = 8 * 1024;
export const MAX_DESIRED_BYTES = 32 * 1024;
export const MAX_REPORTED_BYTES = 32 * 1024;
export const MAX_PROPERTY_NAME_BYTES = 1024;
export const MAX_STRING_VALUE_BYTES = 4096;
export const MAX_TWIN_DEPTH = 10;
export const MIN_INTEGER = -4_503_599_627_370_496;
export const MAX_INTEGER = 4_503_599_627_370_495;

export const MAX_METHOD_NAME_CHARS = 100;
export const MAX_METHOD_PAYLOAD_BYTES = 128 * 1024;
export const MIN_RESPONSE_TIMEOUT_SECONDS = 5;
export const MAX_RESPONSE_TIMEOUT_SECONDS = 300;
export const DEFAULT_RESPONSE_TIMEOUT_SECONDS = 30;
export const MAX_CONNECT_TIMEOUT_SECONDS = 300;

export const MAX_TELEMETRY_BYTES = 256 * 1024;
export const MAX_CLOUD_TO_DEVICE_BYTES = 64 * 1024;
export const MAX_CLOUD_TO_DEVICE_QUEUE = 50;

export const MAX_STATUS_REASON_CHARS = 128;
export const MAX_BULK_DEVICES = 100;
export const MAX_LIST_DEVICES = 1000;
export const MAX_MODULES_PER_DEVICE = 50;
/** Devices and modules of a hub. */
export const MAX_IDENTITIES = 1_000_000;
export const MAX_QUERY_PAGE = 100;

/** Microsoft's own SAS class forgives a clock that is this far off. */
export const SAS_CLOCK_SKEW_SECONDS = 300;
