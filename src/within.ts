/**
 * Waits for work, but not longer than a time: what hangs neither answers nor fails. The work itself goes on; its later result or error
 * is ignored.
 *
 * @param errorAtEnd makes the error when the time is over, and may release what the work holds
 * @throws what the work throws, or that error
 */
export async function within<Result>(
  milliseconds: number,
  work: Promise<Result>,
  errorAtEnd: () => Error,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      work.catch(() => undefined);
      reject(errorAtEnd());
    }, milliseconds);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
