"""Makes literals with Python's repr and says what ast.literal_eval reads from them.

    python3 vectors.py --seed 1 --out vectors.json.gz     the committed file (same seed, same bytes)
    python3 vectors.py --seed 2                           other ones, as JSON on standard output

Gives {"written": [[text, canonical]...], "damaged": [[text, canonical or null]...]}. "written" is what repr wrote of
random values. "damaged" is such a text with one character changed, added or left out, and null where Python cannot
read it. The canonical form is a text in which equal values are equal, see canonical() here and in canonical.ts.
"""

import argparse
import ast
import gzip
import json
import random
import struct
import sys
import warnings

ALPHABETS = [
    "abcdefghijklmnopqrstuvwxyz ABC 0123456789",
    "'\"\\/ ,:[]{}()N",
    "\0\a\b\t\n\v\f\r\x1b\x7f\x80\x85\xa0\xad\xff",
    "éüßøñ¿—“”…\u2028\u2029\ufeff\ufffd",
    "東京日本語한국어Москва العربية עברית",
    "😀🎬🏳\U0010ffff\U000e0001",
    "\ud800\udfff\ud83d\ude00",
]
WEIGHTS = [60, 12, 4, 10, 6, 4, 1]
KEYS = ["id", "name", "credit_id", "iso_3166_1", "it's", 'a "b"', "", "ключ", "tab\t", "__proto__", "10", "2"]


def some_string(rng):
    alphabets = [rng.choices(ALPHABETS, WEIGHTS)[0] for _ in range(2)]
    return "".join(rng.choice(rng.choice(alphabets)) for _ in range(int(rng.expovariate(0.12))))


def some_int(rng):
    return rng.choice([rng.randint(-9, 9), rng.randint(-(10**6), 10**9), 2**53 + rng.randint(-2, 2), -(10 ** rng.randint(15, 40)) + 1])


def some_float(rng):
    while True:
        bits = struct.unpack(">d", rng.getrandbits(64).to_bytes(8, "big"))[0]
        value = rng.choice([rng.uniform(-1000, 1000), round(rng.uniform(0, 100), 6), float(rng.randint(-5, 5)), -0.0, bits])
        if value == value and abs(value) != float("inf"):
            return value


def some_scalar(rng):
    kind = rng.random()
    if kind < 0.55:
        return some_string(rng)
    if kind < 0.75:
        return some_int(rng)
    return some_float(rng) if kind < 0.85 else rng.choice([None, True, False])


def some_value(rng, depth):
    kind = rng.random()
    if depth == 0 or kind < 0.3:
        return some_scalar(rng)
    size = rng.randint(0, 4)
    if kind < 0.6:
        return {some_key(rng): some_value(rng, depth - 1) for _ in range(size)}
    items = [some_value(rng, depth - 1) for _ in range(size)]
    return tuple(items) if kind > 0.92 else items


def some_key(rng):
    return rng.choice(KEYS) if rng.random() < 0.9 else some_scalar(rng)


def damage(rng, text):
    at = rng.randint(0, len(text))
    what = rng.random()
    if what < 0.3:
        return text[:at] + text[at + 1 :]
    if what < 0.4:
        return text[:at]
    other = rng.choice("'\"\\,:[]{}() 01-.eEnNxuUTF_\n\r\t\0é😀")
    return text[:at] + other + text[at + (what < 0.7) :]


def canonical(value):
    if value is None or isinstance(value, bool):
        return str(value)[0]
    if isinstance(value, int):
        return f"#{value}"
    if isinstance(value, float):
        if value == int(value) if abs(value) < 2**53 else False:
            return "#-0" if str(value) == "-0.0" else f"#{int(value)}"
        return "f" + struct.pack(">d", value).hex()
    if isinstance(value, str):
        # Two halves of a surrogate pair are one character in UTF-16, which is what JavaScript has.
        return json.dumps(value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass"))
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{canonical_key(k)}:{canonical(v)}" for k, v in value.items()) + "}"
    return f"another type: {type(value).__name__}"


def canonical_key(key):
    # A JavaScript Map keeps the key -0.0 as 0: the same key in both languages.
    return "#0" if isinstance(key, float) and key == 0 else canonical(key)


def read(text):
    try:
        return canonical(ast.literal_eval(text))
    except (ValueError, SyntaxError, TypeError, OverflowError):
        return None


def make(seed, count):
    rng = random.Random(seed)
    written = [repr(some_value(rng, rng.randint(1, 4))) for _ in range(count)]
    damaged = [damage(rng, rng.choice(written)[:300]) for _ in range(count // 4)]
    # Python reads '\/' as two characters and JSON as one: the one place where the two grammars disagree.
    damaged = [text for text in damaged if "\\/" not in text]
    return {"written": [[text, read(text)] for text in written], "damaged": [[text, read(text)] for text in damaged]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--out")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    text = json.dumps(make(options.seed, options.count), separators=(",", ":"))
    if options.out is None:
        sys.stdout.write(text)
    else:
        with open(options.out, "wb") as file:
            file.write(gzip.compress(text.encode(), 9, mtime=0))


main()
