import { expect, it } from 'vitest';
import { Fault } from '../../../src/fault.js';
import { sentenceOf } from '../../../src/queue/worker/error-policy.js';

it.each(['53100', 'ENOSPC'])('a run that found the disk full (%s) says what to do', (code) => {
  const error = Object.assign(new Error('no space left on device'), { code });
  expect(sentenceOf(error)).toBe(
    'The disk is full (no space left on device); make room, then retry the run, which goes on from where it stopped.',
  );
});

it('a run says of a fault what the fault says', () => {
  expect(sentenceOf(new Fault('file_empty', 'links.csv is empty.'))).toBe('links.csv is empty.');
});
