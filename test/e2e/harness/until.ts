/** Waits for a condition by asking again, up to a deadline. */
import {setTimeout as delay} from 'node:timers/promises';

interface UntilOptions {
	readonly seconds?: number;
	/** What to add to the message when time is up. */
	readonly explain?: () => Promise<string>;
}

export const until = async (
	what: string,
	check: () => Promise<boolean> | boolean,
	{seconds = 30, explain}: UntilOptions = {},
): Promise<void> => {
	const deadline = performance.now() + seconds * 1000;
	let pauseMs = 5;
	while (!(await check())) {
		if (performance.now() > deadline) throw new Error(`waited ${seconds} s for ${what}${explain ? `:\n${await explain()}` : ''}`);
		await delay(pauseMs);
		pauseMs = Math.min(pauseMs * 1.5, 200);
	}
};

/** Whether an address answers with the status; refused connections count as "not yet". */
export const answers =
	(url: string, status = 200) =>
	(): Promise<boolean> =>
		fetch(url, {signal: AbortSignal.timeout(5000)}).then(
			async answer => {
				await answer.body?.cancel();
				return answer.status === status;
			},
			() => false,
		);
