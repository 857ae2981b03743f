/** Pushes in the order in which they count. */
import type {TagFacts} from './registry.ts';

export const newestFirst = (a: TagFacts, b: TagFacts): number => b.pushedAt.getTime() - a.pushedAt.getTime();
