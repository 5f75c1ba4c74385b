/** An exact number: a ratio of two integers. Only `toFixed` rounds. */
export class Fraction {
  readonly top: bigint;
  readonly bottom: bigint;

  private constructor(top: bigint, bottom: bigint) {
    const divisor = gcd(top < 0n ? -top : top, bottom);
    this.top = top / divisor;
    this.bottom = bottom / divisor;
  }

  static readonly zero = new Fraction(0n, 1n);

  static of(value: number | bigint): Fraction {
    return new Fraction(BigInt(value), 1n);
  }

  /** Reads a decimal number such as `-1.50` or `2e-3`; undefined for anything else. */
  static parse(text: string): Fraction | undefined {
    const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text.trim());
    if (match === null) return undefined;
    const [, sign = '', whole = '', part = '', exponent = '0'] = match;
    if (whole + part === '') return undefined;
    const digits = BigInt(`${sign === '-' ? '-' : ''}${whole}${part}`);
    const places = Number(exponent) - part.length;
    return places >= 0
      ? new Fraction(digits * 10n ** BigInt(places), 1n)
      : new Fraction(digits, 10n ** BigInt(-places));
  }

  plus(other: Fraction): Fraction {
    return new Fraction(this.top * other.bottom + other.top * this.bottom, this.bottom * other.bottom);
  }

  minus(other: Fraction): Fraction {
    return this.plus(new Fraction(-other.top, other.bottom));
  }

  times(other: Fraction): Fraction {
    return new Fraction(this.top * other.top, this.bottom * other.bottom);
  }

  over(other: Fraction): Fraction {
    const sign = other.top < 0n ? -1n : 1n;
    return new Fraction(this.top * other.bottom * sign, this.bottom * other.top * sign);
  }

  compare(other: Fraction): number {
    const difference = this.top * other.bottom - other.top * this.bottom;
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }

  isZero(): boolean {
    return this.top === 0n;
  }

  /** The number with exactly that many decimals, rounded half away from zero. */
  toFixed(places: number): string {
    const scaled = (this.top < 0n ? -this.top : this.top) * 10n ** BigInt(places);
    const rounded = (2n * scaled + this.bottom) / (2n * this.bottom);
    const digits = rounded.toString().padStart(places + 1, '0');
    const sign = this.top < 0n && rounded !== 0n ? '-' : '';
    const whole = digits.slice(0, digits.length - places);
    return places === 0 ? sign + whole : `${sign}${whole}.${digits.slice(digits.length - places)}`;
  }

  /** All digits of the number, without trailing zeros; for numbers that a decimal can represent. */
  toString(): string {
    for (let places = 0; ; places++) {
      if ((this.top * 10n ** BigInt(places)) % this.bottom === 0n) return this.toFixed(places);
    }
  }
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}
