import iotCommon, { type AuthenticationProvider, type TransportConfig } from 'azure-iot-common';
import deviceSdk from 'azure-iot-device';
import type { DeviceConnectionString } from '../config/index.ts';
import { wrongCall } from '../terminal/program-error.ts';

const { SharedAccessSignatureAuthenticationProvider, X509AuthenticationProvider } = deviceSdk;
const { SharedAccessSignature } = iotCommon;

/** PEM texts. */
export interface DeviceCertificate {
  readonly cert: string;
  readonly key: string;
}

const TOKEN_VALID_S = 3600;

const RENEW_AFTER_MS = 45 * 60_000;

/** When a connection with these credentials has to be replaced by a fresh one; undefined for never. */
export function renewAfterMs({ authentication }: DeviceConnectionString): number | undefined {
  return authentication.kind === 'sharedAccessKey' ? RENEW_AFTER_MS : undefined;
}

/**
 * The SDK's credentials for one connection.
 *
 * @throws ProgramError `wrongCall` when a certificate is needed and missing, or given and not wanted
 */
export function authenticationOf(
  connection: DeviceConnectionString,
  certificate: DeviceCertificate | undefined,
): AuthenticationProvider {
  const config: TransportConfig = { host: connection.hostName, deviceId: connection.deviceId };
  const { authentication } = connection;
  switch (authentication.kind) {
    case 'sharedAccessKey':
      if (certificate !== undefined) break;
      // Not the SDK's provider for keys: it renews by a reconnect that relies on the hub's session (sdk-traps.md, 3).
      return tokenProvider(config, newToken(config, authentication.sharedAccessKey));
    case 'sharedAccessSignature':
      if (certificate !== undefined) break;
      return tokenProvider(config, authentication.sharedAccessSignature);
    case 'x509':
      if (certificate === undefined) {
        throw wrongCall(
          `device "${connection.deviceId}" authenticates with a certificate, and none was given`,
          'pass --cert <pem> and --key <pem>',
        );
      }
      return new X509AuthenticationProvider({ ...config, x509: { cert: certificate.cert, key: certificate.key } });
  }
  throw wrongCall(
    `device "${connection.deviceId}" has a shared access key, and --cert was given too`,
    'leave out --cert and --key, or use a connection string with x509=true',
  );
}

function tokenProvider(config: TransportConfig, sharedAccessSignature: string): AuthenticationProvider {
  return new SharedAccessSignatureAuthenticationProvider({ ...config, sharedAccessSignature });
}

function newToken({ host, deviceId }: TransportConfig, key: string): string {
  const expiresS = Math.ceil(Date.now() / 1000) + TOKEN_VALID_S;
  const resource = encodeURIComponent(`${host}/devices/${deviceId}`);
  return SharedAccessSignature.create(resource, '', key, expiresS).toString();
}
