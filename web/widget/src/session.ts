/** The borrower's token: fetched from the bank's page, kept in memory only, fetched again before it expires. */

export class SignedOut extends Error {}

export class Session {
  private token: string | null = null;
  private pending: Promise<string> | null = null;

  constructor(private readonly url: string) {}

  /** A token; the one at hand unless `renewed` is asked for. Throws SignedOut where the bank says that nobody is signed in. */
  async get(renewed = false): Promise<string> {
    if (this.token && !renewed) return this.token;
    this.pending ??= this.fetch().finally(() => (this.pending = null));
    return this.pending;
  }

  forget(): void {
    this.token = null;
  }

  private async fetch(): Promise<string> {
    this.token = null;
    const answer = await fetch(this.url, { credentials: "include", cache: "no-store", headers: { Accept: "application/json" } });
    if (answer.status === 401 || answer.status === 403) throw new SignedOut();
    if (!answer.ok) throw new Error(`the token URL answered ${answer.status}`);
    const { token } = (await answer.json()) as { token?: unknown };
    if (typeof token !== "string" || !token) throw new Error("the token URL gave no token");
    this.token = token;
    return token;
  }
}
