import { randomBytes } from 'node:crypto';
import type { JsonObject } from '../sdk/service-documents.ts';
import { ProgramError } from '../terminal/index.ts';
import { changeDevices } from './bulk.ts';
import type { Console } from './console.ts';
import { type CertificateFiles, removeDeviceCertificate, writeDeviceCertificate } from './device-certificate.ts';
import { type ShownIdentity, showIdentity } from './identity-view.ts';
import type { TargetOutcome } from './target-outcome.ts';

/** How new devices sign in. */
export type SignIn =
  | { readonly kind: 'sas' }
  | { readonly kind: 'thumbprint'; readonly primary: string; readonly secondary: string }
  /** A certificate is made for each, into this folder. */
  | { readonly kind: 'newCertificate'; readonly folder: string }
  | { readonly kind: 'ca' };

export interface Registration {
  readonly status: 'enabled' | 'disabled';
  readonly signIn: SignIn;
  readonly edge: boolean;
  readonly moduleId: string | undefined;
  readonly showKeys: boolean;
}

/** The identity, and where its certificate is when one was made. */
export type Registered = ShownIdentity & Whereabouts;

interface Whereabouts {
  readonly certificateFile?: string;
  readonly keyFile?: string;
}

/** Registers one device, or a module of it. */
export async function registerOne(console: Console, deviceId: string, registration: Registration): Promise<Registered> {
  const client = await console.client();
  const { members, files } = await prepare(deviceId, registration);
  const { moduleId, showKeys } = registration;
  try {
    const identity =
      moduleId === undefined
        ? await client.createDevice({ deviceId, ...members })
        : await client.createModule({ deviceId, moduleId, ...members });
    return { ...showIdentity(identity, showKeys), ...whereabouts(files) };
  } catch (error) {
    if (files !== undefined) await removeDeviceCertificate(files);
    throw error;
  }
}

/** Registers up to 100 devices in one request. The hub returns no identities there, so keys are made on this side. */
export async function registerBatch(
  console: Console,
  deviceIds: readonly string[],
  registration: Registration,
): Promise<TargetOutcome<Registered>[]> {
  const failed = new Map<string, ProgramError>();
  const prepared = new Map<string, Prepared>();
  for (const deviceId of deviceIds) {
    try {
      prepared.set(deviceId, await prepare(deviceId, registration));
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      failed.set(deviceId, error);
    }
  }
  for (const [deviceId, error] of await create(console, prepared, registration)) {
    failed.set(deviceId, error);
    await removeFiles(prepared.get(deviceId));
  }
  return deviceIds.map((deviceId) => {
    const error = failed.get(deviceId);
    const made = prepared.get(deviceId);
    if (error !== undefined || made === undefined) return { deviceId, ...(error === undefined ? {} : { error }) };
    return { deviceId, record: recordOf(deviceId, made, registration) };
  });
}

async function create(
  console: Console,
  prepared: ReadonlyMap<string, Prepared>,
  { moduleId }: Registration,
): Promise<Map<string, ProgramError>> {
  if (prepared.size === 0) return new Map();
  const module = moduleId === undefined ? {} : { moduleId };
  const items = [...prepared].map(([id, { members }]) => ({ id, ...module, ...members }));
  try {
    return await changeDevices(console, items, 'create');
  } catch (error) {
    for (const each of prepared.values()) await removeFiles(each);
    throw error;
  }
}

async function removeFiles(prepared: Prepared | undefined): Promise<void> {
  if (prepared?.files !== undefined) await removeDeviceCertificate(prepared.files);
}

function recordOf(deviceId: string, { members, files }: Prepared, registration: Registration): Registered {
  const { moduleId, showKeys } = registration;
  const module = moduleId === undefined ? {} : { moduleId };
  return { ...showIdentity({ deviceId, ...module, ...members }, showKeys), ...whereabouts(files) };
}

/** What the hub is sent besides the id, and the files of a certificate that was made for it. */
interface Prepared {
  readonly members: JsonObject & { readonly authentication: JsonObject };
  readonly files: CertificateFiles | undefined;
}

async function prepare(deviceId: string, registration: Registration): Promise<Prepared> {
  const { signIn, status, edge, moduleId } = registration;
  const files =
    signIn.kind === 'newCertificate'
      ? await writeDeviceCertificate(nameOf(deviceId, moduleId), signIn.folder)
      : undefined;
  const authentication =
    files === undefined ? authenticationOf(signIn) : selfSigned(files.thumbprint, files.thumbprint);
  return {
    // A module has no status of its own.
    members: {
      ...(moduleId === undefined ? { status } : {}),
      ...(edge ? { capabilities: { iotEdge: true } } : {}),
      authentication,
    },
    files,
  };
}

/** What the hub is told of how the device signs in; a certificate that is still to be made has no thumbprint yet. */
export function authenticationOf(signIn: SignIn): JsonObject {
  switch (signIn.kind) {
    case 'sas':
      return { type: 'sas', symmetricKey: { primaryKey: newKey(), secondaryKey: newKey() } };
    case 'thumbprint':
      return selfSigned(signIn.primary, signIn.secondary);
    case 'newCertificate':
      return { type: 'selfSigned' };
    case 'ca':
      return { type: 'certificateAuthority' };
  }
}

function selfSigned(primaryThumbprint: string, secondaryThumbprint: string): JsonObject {
  return { type: 'selfSigned', x509Thumbprint: { primaryThumbprint, secondaryThumbprint } };
}

/** A key of 32 random bytes, as the hub itself makes them. */
export function newKey(): string {
  return randomBytes(32).toString('base64');
}

function nameOf(deviceId: string, moduleId: string | undefined): string {
  return moduleId === undefined ? deviceId : `${deviceId}@${moduleId}`;
}

function whereabouts(files: CertificateFiles | undefined): Whereabouts {
  return files === undefined ? {} : { certificateFile: files.certificateFile, keyFile: files.keyFile };
}
