import { isObject, type JsonObject } from './service-documents.ts';
import type { CallHub } from './service-jobs.ts';
import type { ServiceSdk } from './service-sdk.ts';

/** An authority of device certificates as the local hub shows it: the members are those of Azure's management interface. */
export type AuthorityDocument = JsonObject & { readonly name: string; readonly properties: JsonObject };

const PATH = '/$tandem/certificates';

/** The authorities whose device certificates the local hub takes. Azure keeps its own outside of the interface of the hub. */
export class LocalAuthorities {
  readonly #sdk: ServiceSdk;
  readonly #call: CallHub;

  constructor(sdk: ServiceSdk, call: CallHub) {
    this.#sdk = sdk;
    this.#call = call;
  }

  async list(): Promise<AuthorityDocument[]> {
    const answer = await this.#call({ doing: 'list the authorities' }, () => this.#sdk.rest('GET', PATH, {}));
    const rows = isObject(answer) ? answer['value'] : undefined;
    return Array.isArray(rows) ? rows.map(readAuthority) : [];
  }

  /** @param isVerified the owner vouches that it is theirs: no proof is wanted */
  add(name: string, certificate: string, isVerified: boolean): Promise<AuthorityDocument> {
    return this.#change(`add the authority "${name}"`, 'PUT', pathOf(name), { certificate, isVerified });
  }

  /** Has the hub make up the code that the subject of a proof must be; it is in the properties. */
  newVerificationCode(name: string): Promise<AuthorityDocument> {
    return this.#change(`have "${name}" proved`, 'POST', `${pathOf(name)}/generateVerificationCode`, {});
  }

  /** @param proof PEM of a certificate that the authority's key signed for the code */
  verify(name: string, proof: string): Promise<AuthorityDocument> {
    return this.#change(`verify the authority "${name}"`, 'POST', `${pathOf(name)}/verify`, { certificate: proof });
  }

  async remove(name: string): Promise<void> {
    await this.#call({ doing: `remove the authority "${name}"`, changes: true }, () =>
      this.#sdk.rest('DELETE', pathOf(name), {}),
    );
  }

  async #change(doing: string, method: 'PUT' | 'POST', path: string, body: object): Promise<AuthorityDocument> {
    const answer = await this.#call({ doing, changes: true }, () => this.#sdk.rest(method, path, { body }));
    return readAuthority(answer);
  }
}

function pathOf(name: string): string {
  return `${PATH}/${encodeURIComponent(name)}`;
}

function readAuthority(value: unknown): AuthorityDocument {
  const name = isObject(value) ? value['name'] : undefined;
  const properties = isObject(value) ? value['properties'] : undefined;
  if (!isObject(value) || typeof name !== 'string' || !isObject(properties)) {
    throw new TypeError('the local hub did not answer with an authority');
  }
  return { ...value, name, properties };
}
