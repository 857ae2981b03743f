/** What tags answered that is more, or less, than what was pushed to them, and by which policy. */
import type {Instruments} from './instruments.ts';

export type RecordedDerivation = {repo: string; ways: readonly string[]; made: boolean; missing: readonly string[]};

export const createRefMetrics = ({counter, gauge}: Instruments) => {
	const derived = counter(
		'layercache_derived_answers_total',
		"Tags whose answer to an importer was not what was pushed to them: another tag's (fallback), several caches as one (union), without layers that are gone (repaired), small enough to be imported (compacted).",
		'way',
	);
	const documentsMade = counter('layercache_derived_documents_total', 'Documents that were made for such answers.');
	const missingLayers = counter(
		'layercache_missing_layers_total',
		'Layers that a document was made without, since they are gone. The log names them, and the tag.',
		'repository',
	);
	const tooLarge = counter(
		'layercache_pushes_above_import_limit_total',
		'Caches that were pushed with a manifest or config larger than BuildKit imports.',
	);
	const policyReads = counter(
		'layercache_policy_reads_total',
		'How often the policy file was read, at the start and when it changed: loaded, or refused for its problems.',
		'outcome',
	);
	const policyStale = gauge(
		'layercache_policy_stale',
		'1 while the policy file cannot be used and the one before it is in force.',
		// Of several processes, the one that is worst off.
		'max',
	);
	const denials = counter(
		'layercache_protected_refs_denials_total',
		'Pushes and deletes of protected refs by clients without the right: refused, or accepted and discarded.',
		'did',
		'outcome',
	);

	const named = new Set<string>();
	const labelOf = (repo: string) => {
		if (named.size < mostNamed) named.add(repo);
		// No repository has an underscore at its beginning.
		return named.has(repo) ? repo : '_others';
	};

	return {
		recordDerived({repo, ways, made, missing}: RecordedDerivation) {
			for (const way of ways) derived.inc({way});
			if (!made) return;
			documentsMade.inc();
			if (missing.length > 0) missingLayers.inc({repository: labelOf(repo)}, missing.length);
		},

		recordTooLarge: () => tooLarge.inc(),

		recordPolicyRead(outcome: 'loaded' | 'refused') {
			policyReads.inc({outcome});
			policyStale.set(outcome === 'refused' ? 1 : 0);
		},

		recordDenial: (did: 'push' | 'delete', outcome: 'refused' | 'discarded') => denials.inc({did, outcome}),
	};
};

// Each is a series for as long as the process lives, and whoever pushes makes repositories.
const mostNamed = 100;
