/**
 * A function whose result is worked out once for each first argument, and kept as long as that object is. The other
 * arguments must follow from the first, as a document does from its operation.
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
