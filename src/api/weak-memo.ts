/**
 * Caches a function's results by its first argument, for as long as that object exists. The other arguments must be
 * determined by the first, as a document is by its operation.
 */
export function weakMemo<Key extends WeakKey, Rest extends readonly unknown[], Value>(
  work: (key: Key, ...rest: Rest) => Value,
): (key: Key, ...rest: Rest) => Value {
  const known = new WeakMap<Key, { readonly value: Value }>();
  return (key, ...rest) => {
    let entry = known.get(key);
    if (!entry) {
      entry = { value: work(key, ...rest) };
      known.set(key, entry);
    }
    return entry.value;
  };
}
