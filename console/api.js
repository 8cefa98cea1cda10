// Talking to the server: JSON in, JSON out, refusals as one kind of error.

import { emit } from './store.js';

/** Why the server did not do what was asked, or that it did not answer. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? body.title ?? `The server answered ${status}.`);
    this.status = status;
    this.code = body.code ?? 'unknown';
    this.requestId = body.requestId;
    this.fields = body.errors ?? [];
  }

  get isNoAnswer() {
    return this.status === 0;
  }
}

const timeoutMilliseconds = 10_000;

/**
 * Sends one request. Answers `{status, data, headers}`; throws `Problem`. A 401 tells the page that the session is over,
 * unless `isSignIn`.
 */
export async function call(method, path, options = {}) {
  const { body, headers = {}, timeout = timeoutMilliseconds, signal, isSignIn = false } = options;
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeout);
  signal?.addEventListener('abort', () => abort.abort());
  try {
    const response = await fetch(path, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      signal: abort.signal,
      headers: body === undefined ? headers : { 'Content-Type': 'application/json', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const data = await read(response);
    if (response.ok) return { status: response.status, data, headers: response.headers };
    const problem = new Problem(response.status, {
      requestId: response.headers.get('X-Request-ID') ?? undefined,
      ...(data ?? {}),
    });
    if (response.status === 401 && !isSignIn) emit('signedOut', problem);
    throw problem;
  } catch (error) {
    if (error instanceof Problem) throw error;
    const seconds = Math.round(timeout / 1000);
    const detail = abort.signal.aborted ? `No answer within ${seconds} s.` : 'The server cannot be reached.';
    throw new Problem(0, { code: 'network', detail });
  } finally {
    clearTimeout(timer);
  }
}

async function read(response) {
  const words = await response.text();
  if (!words) return null;
  try {
    return JSON.parse(words);
  } catch {
    return null; // not ours: a proxy's page, say
  }
}

export const get = async (path, options) => (await call('GET', path, options)).data;
export const post = (path, body = {}, options = {}) => call('POST', path, { body, ...options });

/** A name nobody else uses. */
export function uniqueName() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
