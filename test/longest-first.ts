import { statSync } from 'node:fs';
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that start processes are the slowest as a rule. */
const slowestProjects = ['process', 'database', 'unit'];

/**
 * Starts the slowest files first, whichever project they belong to: one that started last would run alone at the end. A file
 * without a known duration is taken for slow.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const ranked = files.map((file) => ({
      file,
      milliseconds: this.lastDuration(file),
      project: slowestProjects.indexOf(file.project.name),
      size: statSync(file.moduleId).size,
    }));
    ranked.sort((a, b) => {
      if (a.milliseconds !== b.milliseconds) return b.milliseconds - a.milliseconds;
      return a.project - b.project || b.size - a.size;
    });
    return ranked.map(({ file }) => file);
  }

  private lastDuration({ project, moduleId }: TestSpecification): number {
    const key = `${project.name}:${relative(this.ctx.config.root, moduleId)}`;
    return this.ctx.cache.getFileTestResults(key)?.duration ?? Number.POSITIVE_INFINITY;
  }
}
