import type { FileStatus } from '../../source/ledger/status.js';
import { sizeText } from '../../source/storage/disk-space.js';
import { offenderText } from '../output/offender-text.js';
import { count, shortId, table, timeText } from '../output/text-format.js';
import { inboxLines } from './read-inbox.js';
import { type OpenRun, periodOf, type Status, unsuccessful } from './read-status.js';

/** Maximum number of files shown by default. */
const shownFiles = 20;

/** Maximum number of months whose disk use is shown by default. */
const shownDrops = 12;

/** The status as one JSON object. */
export function statusJson(status: Status) {
  const { recent, open, ...shown } = status;
  const offenders = new Map(open.map((each) => [each.run.id, each.offenders]));
  const runs = recent
    .slice(0, 5)
    .concat(unsuccessful(recent.slice(5)))
    .map((run) => {
      const found = offenders.get(run.id) ?? [];
      return found.length === 0 ? run : { ...run, offenders: found };
    });
  return { verdict: verdict(status), ...shown, runs };
}

/** The status as text, the verdict first. */
export function statusLines(status: Status, { all = false }: { all?: boolean }): string[] {
  const { warned, files, open, issues, inbox, disk } = status;
  return [
    verdict(status),
    publicationText(status),
    ...warned.map((offender) => `  ${offenderText(offender)}`),
    ...open.flatMap(openRunLines),
    ...warningLines(status),
    ...inboxLines(inbox),
    ...fileLines(files, all),
    ...diskLines(disk, all),
    ...issueLines(issues),
  ];
}

/** Whether the reports are complete, in one sentence. */
function verdict({ publication, open, late, uncleaned, replayed, warned, inbox, schedules }: Status): string {
  const needing = open.filter(({ run }) => run.state === 'failed' || run.state === 'held').length;
  const ofData = late.length + uncleaned.length + replayed.length + warned.length;
  const ofSchedules = schedules.flatMap((each) => each.warnings).length;
  const warnings = ofData + inbox.ignored.length + ofSchedules;
  const parts = [
    ...(needing > 0 ? [`${needing} ${needing === 1 ? 'run needs' : 'runs need'} attention`] : []),
    ...(warnings > 0 ? [`${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`] : []),
  ];
  const working = open.length > needing ? ' A run is in progress.' : '';
  if (publication === null && parts.length === 0) {
    return working === '' ? 'No data: load a drop with marquee ingest DIR.' : `No data yet.${working}`;
  }
  return `${parts.length === 0 ? 'All good.' : `Attention: ${parts.join(', ')}.`}${working}`;
}

function publicationText({ publication }: Status): string {
  if (publication === null) return 'Nothing is published yet.';
  const { number, publishedDate, asOfDay, mappingVersion, checkState, restores } = publication;
  const restored =
    restores === null
      ? ''
      : ` It shows the state of publication ${restores} again, until the next publication from the warehouse.`;
  return `Publication ${number} of ${timeText(publishedDate)}, as of ${asOfDay}, mapping version ${mappingVersion}, checks ${checkState}.${restored}`;
}

/** A run's own error, then the others: for example those of other files of its drop. */
function openRunLines({ run, errors, offenders }: OpenRun): string[] {
  const period = periodOf(run);
  const subject = period === undefined ? run.kind : `${run.kind} of ${period}`;
  const error = run.error === null ? '' : `: ${run.error}`;
  return [
    `\nRun ${shortId(run.id)} (${subject}) is ${run.state}${error}`,
    ...[...errors, ...offenders.map(offenderText)].map((sentence) => `  ${sentence}`),
  ];
}

function warningLines({ uncleaned, replayed, late, schedules }: Status): string[] {
  const details = [...uncleaned, ...replayed, ...late].map(({ detail }) => detail);
  const warnings = [...details, ...schedules.flatMap((each) => each.warnings)].map(
    (sentence) => `warning: ${sentence}`,
  );
  return warnings.length === 0 ? [] : ['', ...warnings];
}

function fileLines(files: readonly FileStatus[], all: boolean): string[] {
  if (files.length === 0) return [];
  const shown = all ? files : files.slice(0, shownFiles);
  const more = files.length - shown.length;
  return [
    '',
    table(
      ['file', 'period', 'feed', 'name', 'state', 'records', 'rejected', 'in cleaning'],
      shown.map((file) => [
        String(file.id),
        file.period,
        file.feed,
        file.name,
        file.state,
        count(file.recordCount),
        count(file.rejectCount),
        count(file.unkeyedCount),
      ]),
    ),
    ...(more > 0 ? [`... and ${count(more)} more; --all lists them.`] : []),
  ];
}

function diskLines(disk: Status['disk'], all: boolean): string[] {
  if (disk.length === 0) return [];
  const shown = all ? disk : disk.slice(0, shownDrops);
  const rows = shown.map(({ period, files, sourceBytes, backupBytes }) => [
    period,
    count(files),
    sizeText(sourceBytes),
    sizeText(backupBytes),
  ]);
  const more = disk.length - shown.length;
  return [
    '',
    table(['drop', 'files', 'disk in source', 'disk as delivered'], rows),
    ...(more > 0 ? [`... and ${count(more)} more; --all lists them.`] : []),
  ];
}

function issueLines(issues: Status['issues']): string[] {
  if (issues.length === 0) return [];
  const rows = issues.map((each) => [each.table ?? '', each.column ?? '', each.reason, count(each.issues)]);
  return ['', table(['table', 'field', 'issue', 'times'], rows)];
}
