/** A refused login or session. The message is safe to show to the user. */
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
