import { expect, it } from 'vitest';
import { Fault } from '../../../src/fault.js';
import { sentenceOf } from '../../../src/queue/worker/error-policy.js';

it.each(['53100', 'ENOSPC'])('the error of a run on a full disk (%s) says what to do', (code) => {
  const error = Object.assign(new Error('no space left on device'), { code });
  expect(sentenceOf(error)).toBe(
    'The disk is full (no space left on device); free some space, then retry the run, which resumes where it stopped.',
  );
});

it('the error of a run is the message of its fault', () => {
  expect(sentenceOf(new Fault('file_empty', 'links.csv is empty.'))).toBe('links.csv is empty.');
});
