/** Waits for what another process or socket will do, by looking again and again. */
import {setTimeout as delay} from 'node:timers/promises';

export const until = async (
	holds: () => boolean | Promise<boolean>,
	{withinSeconds = 20}: {withinSeconds?: number} = {},
): Promise<void> => {
	const end = performance.now() + withinSeconds * 1000;
	while (!(await holds())) {
		if (performance.now() > end) throw new Error(`did not hold within ${withinSeconds} s: ${holds}`);
		await delay(2);
	}
};
