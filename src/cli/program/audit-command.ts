import type { Command } from 'commander';
import { auditHead, runId, wholeNumber } from './argument-values.js';

/** The command about who requested what. */
export function defineAuditCommand(program: Command): void {
  program
    .command('audit')
    .description(
      'list who requested or changed what, newest first; or verify that the list was not tampered with',
    )
    .option('--actor <name>', 'only events of this user or client')
    .option('--action <name>', 'only events with this action')
    .option('--run <run>', 'only events about this run', runId)
    .option('--limit <n>', 'maximum number of events', wholeNumber, 20)
    .option('--verify', 'compare all events with their chain of hashes; exit 1 when one is broken')
    .option(
      '--head <hash>',
      'with --verify: the chain must contain this head, which an earlier one printed',
      auditHead,
    )
    .option('--json', 'print JSON')
    .action(async (options, command: Command) => {
      if (options.head !== undefined && !options.verify) {
        command.error('error: --head needs --verify');
      }
      const { audit, verify } = await import('../commands/audit.js');
      await (options.verify ? verify(options) : audit(options));
    });
}
