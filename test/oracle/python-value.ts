/** The value of a Python literal in the vendor's files. */
export type PythonValue =
  | null
  | boolean
  | string
  | PythonNumber
  | PythonValue[]
  | { [key: string]: PythonValue };

/** A number as written. */
export interface PythonNumber {
  readonly digits: string;
}

/** Reads a Python literal; undefined if the text is not one. */
export function readPython(text: string): PythonValue | undefined {
  let at = 0;

  const skip = () => {
    while (at < text.length && /\s/.test(text[at]!)) at++;
  };
  const take = (token: string): boolean => {
    skip();
    if (!text.startsWith(token, at)) return false;
    at += token.length;
    return true;
  };
  const expect = (token: string) => {
    if (!take(token)) throw new SyntaxError(`${token} expected at ${at}`);
  };

  const string = (quote: string): string => {
    let value = '';
    for (;;) {
      const character = text[at++];
      if (character === undefined) throw new SyntaxError('a string does not end');
      if (character === quote) return value;
      value += character === '\\' ? escaped() : character;
    }
  };
  const escaped = (): string => {
    const character = text[at++] ?? '';
    const plain: Record<string, string> = { n: '\n', r: '\r', t: '\t', '\\': '\\', "'": "'", '"': '"' };
    if (character in plain) return plain[character]!;
    const length = { x: 2, u: 4, U: 8 }[character];
    if (length === undefined) return `\\${character}`;
    const code = text.slice(at, at + length);
    at += length;
    return String.fromCodePoint(Number.parseInt(code, 16));
  };

  const items = (close: string): PythonValue[] => {
    const list: PythonValue[] = [];
    while (!take(close)) {
      list.push(value());
      if (!take(',')) {
        expect(close);
        break;
      }
    }
    return list;
  };
  const value = (): PythonValue => {
    if (take('None') || take('null')) return null;
    if (take('True') || take('true')) return true;
    if (take('False') || take('false')) return false;
    if (take("'")) return string("'");
    if (take('"')) return string('"');
    if (take('[')) return items(']');
    if (take('(')) return items(')');
    if (take('{')) {
      const entries: { [key: string]: PythonValue } = {};
      while (!take('}')) {
        const key = value();
        expect(':');
        entries[String(key)] = value();
        if (!take(',')) {
          expect('}');
          break;
        }
      }
      return entries;
    }
    skip();
    const digits = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?/.exec(text.slice(at))?.[0];
    if (digits === undefined) throw new SyntaxError(`a value expected at ${at}`);
    at += digits.length;
    return { digits };
  };

  try {
    const whole = value();
    skip();
    return at === text.length ? whole : undefined;
  } catch {
    return undefined;
  }
}
