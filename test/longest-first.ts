import { statSync } from 'node:fs';
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that start processes are the slowest and come first. Projects are not mixed: a worker that goes on to a file of
 * another project is started again, with all its modules.
 */
const projectsInOrder = ['process', 'database', 'unit'];

/**
 * Starts the slowest files of a project first: a slow file that started last would run alone at the end. Files whose last
 * duration is unknown are taken for slow.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const ranked = files.map((file) => ({
      file,
      project: projectsInOrder.indexOf(file.project.name),
      milliseconds: this.lastDuration(file),
      size: statSync(file.moduleId).size,
    }));
    ranked.sort((a, b) => {
      if (a.project !== b.project) return a.project - b.project;
      return a.milliseconds === b.milliseconds ? b.size - a.size : b.milliseconds - a.milliseconds;
    });
    return ranked.map(({ file }) => file);
  }

  private lastDuration({ project, moduleId }: TestSpecification): number {
    const key = `${project.name}:${relative(this.ctx.config.root, moduleId)}`;
    return this.ctx.cache.getFileTestResults(key)?.duration ?? Number.POSITIVE_INFINITY;
  }
}
