/** Whether uploads are redirected just now: what the settings say, or what the last look at the store found. */
import type {UploadVerdict} from '../storage/objectStore.ts';

export type UploadTrust = {
	verdict(): UploadVerdict;
	/** Looks at the store again where the last look was long ago, or said neither yes nor no. To be called every `looksEveryMs`. */
	renewIfDue(): Promise<void>;
	/**
	 * A redirected upload never arrived: until the store was looked at again, uploads are streamed. Not soon after a look that found no fault:
	 * whoever may push can take a URL, send nothing, and have everybody stream.
	 */
	doubt(): void;
};

export type UploadTrustOptions = {
	first: UploadVerdict;
	probe: () => Promise<UploadVerdict>;
	/** Hears of every verdict that differs from the last one. */
	onChange: (verdict: UploadVerdict) => void;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
};

export const looksEveryMs = 300_000;

export const createUploadTrust = ({first, probe, onChange, elapsed}: UploadTrustOptions): UploadTrust => {
	let current = first;
	let looking: Promise<void> | undefined;
	let doubts = 0;
	let lookedAt = elapsed();
	let confirmedAt = first.redirect ? lookedAt : Number.NEGATIVE_INFINITY;

	const take = (verdict: UploadVerdict) => {
		const isNew = verdict.redirect !== current.redirect || verdict.reason !== current.reason;
		current = verdict;
		if (isNew) onChange(verdict);
	};

	const look = async (): Promise<void> => {
		const doubtsBefore = doubts;
		lookedAt = elapsed();
		try {
			const verdict = await probe();
			// A look that began before a doubt does not answer it.
			if (verdict.redirect && doubts !== doubtsBefore) return;
			take(verdict);
			if (verdict.redirect) confirmedAt = elapsed();
		} catch (error) {
			// The store's own failures are verdicts; what is left nobody foresaw, and a process must not end by it.
			const name = error instanceof Error ? error.name : 'unknown';
			take({redirect: false, reason: `the look at the store failed: ${name}`, isUnclear: true});
		}
	};

	const renew = () => {
		looking ??= look().finally(() => {
			looking = undefined;
		});
		return looking;
	};

	return {
		verdict: () => current,
		async renewIfDue() {
			if (current.isUnclear || elapsed() - lookedAt > believedMs) await renew();
		},
		doubt() {
			if (!current.redirect || elapsed() - confirmedAt < undoubtedMs) return;
			take({redirect: false, reason: 'a redirected upload never arrived in the store, which is being looked at again'});
			doubts += 1;
			void (looking ?? Promise.resolve()).then(renew);
		},
	};
};

// A store is changed behind our back, or its setup, about as often as every hour; the call that comes then may be a little early.
const believedMs = 3_600_000 - looksEveryMs / 2;
const undoubtedMs = 600_000;

/** Whatever anyone finds or doubts. */
export const fixedTrust = (verdict: UploadVerdict): UploadTrust => ({verdict: () => verdict, renewIfDue: async () => {}, doubt() {}});
