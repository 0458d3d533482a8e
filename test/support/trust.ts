import tls, { type SecureContext, type SecureContextOptions } from 'node:tls';

/**
 * Makes this process trust an authority beside those that it trusts already, as NODE_EXTRA_CA_CERTS does, which Node
 * reads at its start alone. @returns takes it back
 */
export function trustEverywhere(ca: string): () => void {
  const createSecureContext = tls.createSecureContext.bind(tls);
  const trusting = (options?: SecureContextOptions): SecureContext => {
    const made = createSecureContext(options);
    (made.context as { addCACert(pem: string): void }).addCACert(ca);
    return made;
  };
  Reflect.set(tls, 'createSecureContext', trusting);
  return () => Reflect.set(tls, 'createSecureContext', createSecureContext);
}
