/** Whether uploads are redirected just now: what the settings say, or what the last look at the store found. */
import type {UploadVerdict} from '../storage/objectStore.ts';

export type UploadTrust = {
	verdict(): UploadVerdict;
	/** Looks at the store again; a look that is under way counts. */
	renew(): Promise<void>;
	/** A redirected upload never arrived: until the store was looked at again, uploads are streamed. */
	doubt(): void;
};

export type UploadTrustOptions = {
	first: UploadVerdict;
	probe: () => Promise<UploadVerdict>;
	/** Hears of every verdict that differs from the last one. */
	onChange: (verdict: UploadVerdict) => void;
};

export const createUploadTrust = ({first, probe, onChange}: UploadTrustOptions): UploadTrust => {
	let current = first;
	let looking: Promise<void> | undefined;
	let doubts = 0;

	const take = (verdict: UploadVerdict) => {
		const isNew = verdict.redirect !== current.redirect || verdict.reason !== current.reason;
		current = verdict;
		if (isNew) onChange(verdict);
	};

	const look = async (): Promise<void> => {
		const doubtsBefore = doubts;
		try {
			const verdict = await probe();
			// A look that began before a doubt does not answer it.
			if (doubts === doubtsBefore || !verdict.redirect) take(verdict);
		} catch (error) {
			// The store's own failures are verdicts; what is left nobody foresaw, and a process must not end by it.
			take({redirect: false, reason: `the look at the store failed: ${error instanceof Error ? error.name : 'unknown'}`});
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
		renew,
		doubt() {
			if (!current.redirect) return;
			take({redirect: false, reason: 'a redirected upload never arrived in the store, which is being looked at again'});
			doubts += 1;
			void (looking ?? Promise.resolve()).then(renew);
		},
	};
};

/** Whatever anyone finds or doubts. */
export const fixedTrust = (verdict: UploadVerdict): UploadTrust => ({verdict: () => verdict, renew: async () => {}, doubt() {}});
