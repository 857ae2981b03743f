/** A registry that answers importers with a cache that works. Whatever is no cache is answered byte for byte, as is everything to everyone else. */
import {isTag} from 'oci-spec-types';
import {importProblems} from '../cache/importLimit.ts';
import type {Registry} from '../registry/registry.ts';
import type {RefAnswers} from './refAnswers.ts';

export type DerivedDocumentsOptions = {
	/** BuildKit imports no manifest and no config above this. */
	limitBytes: number;
	/** A cache was pushed that no builder imports as it is. */
	onTooLarge: () => void;
};

export const withDerivedDocuments = (
	inner: Registry,
	answers: RefAnswers,
	{limitBytes, onTooLarge}: DerivedDocumentsOptions,
): Registry => ({
	...inner,

	async getManifest(repo, reference, asker, lends) {
		if (!isTag(reference)) return answers.whole(repo, await inner.getManifest(repo, reference, asker));
		// A pusher that is told of another tag's cache would not send its own.
		return asker === 'importer' ? answers.get(repo, reference, lends) : inner.getManifest(repo, reference, asker);
	},

	async putManifest(repo, manifest, as) {
		const accepted = await inner.putManifest(repo, manifest, as);
		answers.pushed(repo, accepted.digest);
		const problems = importProblems(accepted.manifest, manifest.bytes.length, limitBytes);
		if (problems.length > 0) onTooLarge();
		const warnings = problems.map(problem => `${problem}: it is served without its oldest steps`);
		return {...accepted, warnings: [...(accepted.warnings ?? []), ...warnings]};
	},
});
