import { resolve } from 'node:path';
import { z } from 'zod';

// The types of settings. Each message says in plain words what is expected.

export const url = (...protocols: string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    message: `expected a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });
export const databaseUrl = url('postgres:', 'postgresql:').optional();
const numberLike = (pattern: RegExp, least: number, most: number, what: string) =>
  z
    .string()
    .refine((text) => pattern.test(text) && Number(text) >= least && Number(text) <= most, {
      message: `expected ${what} from ${least} to ${most}`,
    })
    .transform(Number);
export const wholeNumber = (least: number, most: number) =>
  numberLike(/^\d{1,10}$/, least, most, 'a whole number');
export const share = numberLike(/^(\d{1,3}(\.\d*)?|\.\d+)$/, 0, 1, 'a number');
export const file = z
  .string()
  .min(1)
  .optional()
  .transform((path) => (path === undefined ? undefined : resolve(path)));
export const list = (text: string) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
export const names = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform(list)
    .refine((all) => all.length > 0, 'expected at least one name');
export const flag = z
  .enum(['0', '1', 'true', 'false'], 'expected 0, 1, true or false')
  .default('0')
  .transform((text) => text === '1' || text === 'true');
