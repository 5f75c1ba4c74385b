/** A browser with what a login needs: it keeps cookies by path, and follows redirects only in `followTo`. */
export class Browser {
  readonly #cookies = new Map<string, { value: string; path: string }>();
  /** The `Set-Cookie` headers of the last response. */
  lastCookies: string[] = [];

  cookie(name: string): string | undefined {
    return this.#cookies.get(name)?.value;
  }

  plant(name: string, value: string): void {
    this.#cookies.set(name, { value, path: '/' });
  }

  async go(url: string, init: RequestInit = {}): Promise<Response> {
    const { pathname } = new URL(url);
    const cookie = [...this.#cookies]
      .filter(([, { path }]) => pathname.startsWith(path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ');
    const headers = new Headers(init.headers);
    if (cookie) headers.set('cookie', cookie);
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    this.lastCookies = response.headers.getSetCookie();
    for (const line of this.lastCookies) this.#keep(line);
    return response;
  }

  /** Follows redirects until one leads to a URL with this beginning, which is returned but not opened. */
  async followTo(url: string, beginning: string): Promise<string> {
    let next = url;
    for (let step = 0; step < 10; step++) {
      if (next.startsWith(beginning)) return next;
      const response = await this.go(next);
      const location = response.headers.get('location');
      if (!location) throw new Error(`${next} answered ${response.status}: ${await response.text()}`);
      next = new URL(location, next).href;
    }
    throw new Error(`no redirects from ${url} to ${beginning}`);
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const name = pair.slice(0, pair.indexOf('='));
    const value = pair.slice(name.length + 1);
    const attribute = (wanted: string) =>
      attributes.find((each) => each.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
    const expires = attribute('expires');
    if (value === '' || (expires && new Date(expires).getTime() <= Date.now())) this.#cookies.delete(name);
    else this.#cookies.set(name, { value, path: attribute('path') ?? '/' });
  }
}

/** Logs a browser in at the issuer. @returns the URL of the API that the issuer redirects to, not opened yet */
export async function logInAtIssuer(
  browser: Browser,
  api: { readonly url: string },
  issuerUrl: string,
  account: string,
  to = '/graphiql',
): Promise<string> {
  const page = await browser.followTo(
    `${api.url}/login?to=${encodeURIComponent(to)}`,
    `${issuerUrl}/interaction/`,
  );
  const shown = await browser.go(page);
  if (!(await shown.text()).includes(`value="${account}"`)) throw new Error('the page has no such account');
  const sent = await browser.go(page, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: issuerUrl },
    body: new URLSearchParams({ account }),
  });
  return browser.followTo(new URL(sent.headers.get('location')!, page).href, `${api.url}/login/callback`);
}
