/** A login that does not go on: what was sent is not an answer to a login this browser began. */
export class LoginError extends Error {
  constructor(
    readonly status: 400 | 401 | 403,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'LoginError';
  }
}
