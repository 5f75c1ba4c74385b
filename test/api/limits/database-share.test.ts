import { describe, expect, it } from 'vitest';
import { DatabaseShare } from '../../../src/api/limits/database-share.js';

type Caller = Parameters<DatabaseShare['enter']>[0];
type Rights = Parameters<DatabaseShare['requireBudget']>[1];
const caller = (clientId: string) => ({ clientId, subject: clientId }) as Caller;
const rights = (quotas: object = {}) => ({ quotas }) as Rights;

describe('the share of a caller in the database', () => {
  it('is all connections while nobody else is active', async () => {
    const share = new DatabaseShare(4);
    const leaves = await Promise.all([1, 2, 3, 4, 5].map(() => share.enter(caller('a'))));
    expect(leaves).toHaveLength(5);
  });

  it('is half of the connections while others are active, and grows again when they leave', async () => {
    const share = new DatabaseShare(4);
    const other = await share.enter(caller('b'));
    const entered: string[] = [];
    const enter = async (name: string) => {
      const leave = await share.enter(caller('a'));
      entered.push(name);
      return leave;
    };
    const leaves = [enter('1'), enter('2'), enter('3'), enter('4')];
    await Promise.all(leaves.slice(0, 2));
    await Promise.resolve();
    expect(entered).toEqual(['1', '2']);
    (await leaves[0]!)();
    await leaves[2];
    expect(entered).toEqual(['1', '2', '3']);
    other();
    await leaves[3];
    expect(entered).toEqual(['1', '2', '3', '4']);
  });

  it('ends with the budget of statement time, which its policy may change', async () => {
    const share = new DatabaseShare(4);
    await share.spend(caller('a'), 19_000);
    await share.requireBudget(caller('a'), rights());
    await share.spend(caller('a'), 1_500);
    await expect(share.requireBudget(caller('a'), rights())).rejects.toMatchObject({
      retryAfterSeconds: expect.any(Number),
      headers: { 'ratelimit-policy': '"statement-time";q=20;w=60' },
    });
    await share.requireBudget(caller('a'), rights({ statementSecondsPerMinute: 30 }));
    await share.requireBudget(caller('b'), rights());
  });
});
