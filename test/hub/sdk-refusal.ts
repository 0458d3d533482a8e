/** What a promise was refused with, as the SDKs show it: the error's name and the code in the body. */
export async function refusal(promise: Promise<unknown>): Promise<{ name: string; code: string; message: string }> {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const body: unknown = Reflect.get(error, 'responseBody');
    return { name: error.name, code: codeIn(typeof body === 'string' ? body : ''), message: error.message };
  }
  return { name: 'none', code: 'none', message: 'it was not refused' };
}

/** The code name (dialect A) or number (dialect B). service-protocol.md, 3.1 */
function codeIn(body: string): string {
  return /ErrorCode:(\w+)/.exec(body)?.[1] ?? /errorCode\\?"\s*:\s*\\?"?(\w+)/.exec(body)?.[1] ?? '';
}
