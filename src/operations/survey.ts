/** Looks at everything that the store has, and remembers that for a while: as long as looking may take a twentieth of the time. */

import type {RepositoryName} from 'oci-spec-types';
import type {RefRule} from '../config/policy.ts';
import type {RepositoryUsage} from '../refs/refUse.ts';
import {type RepositorySummary, summarize} from '../refs/summaries.ts';
import type {RepositoryInventory} from '../registry/inventory.ts';
import type {Survey, SurveyContext} from './administration.ts';

export type SurveyOptions = {
	/** Each repository in turn. */
	walk: () => AsyncIterable<RepositoryInventory>;
	usageOf: (repo: RepositoryName) => Promise<RepositoryUsage | undefined>;
	rules: () => readonly RefRule[];
	/** The store's clock. */
	now: () => Promise<Date>;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
};

export const createSurveys = (options: SurveyOptions) => {
	let known: {survey: Survey; until: number; rules: readonly RefRule[]} | undefined;
	let underWay: Promise<Survey> | undefined;

	const look = async ({onProgress, signal}: SurveyContext): Promise<Survey> => {
		const {walk, usageOf, now, elapsed} = options;
		const [startedAt, asOf, rules] = [elapsed(), await now(), options.rules()];
		const repositories: RepositorySummary[] = [];
		for await (const inventory of walk()) {
			signal.throwIfAborted();
			repositories.push(summarize(inventory, await usageOf(inventory.repo), rules));
			onProgress({done: repositories.length, of: 'repositories'});
		}
		const survey = {asOf, repositories};
		const endedAt = elapsed();
		known = {survey, until: endedAt + Math.max(shortestMs, (endedAt - startedAt) * restFactor), rules};
		return survey;
	};

	return {
		/** Who comes while one is under way waits for that one. */
		async survey(context: SurveyContext): Promise<Survey> {
			if (known && options.elapsed() < known.until && known.rules === options.rules()) return known.survey;
			underWay ??= look(context).finally(() => {
				underWay = undefined;
			});
			return underWay;
		},
		forget(): void {
			known = undefined;
		},
	};
};

const shortestMs = 2000;
const restFactor = 19;
