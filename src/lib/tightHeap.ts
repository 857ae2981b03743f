/** A heap that stays close to what is in use, for as long as something passes much through it in the background. */
import {setFlagsFromString} from 'node:v8';

/**
 * V8 lets a heap of 40 MB grow to 150 before it collects it again: of what a walk along a million objects reads, most is garbage by then.
 * Until the answer is called it lets it grow by a fifth. That costs time, which whoever answers requests would feel: so not for ever.
 */
export const tightenHeap = (): (() => void) => {
	if (++holders === 1) setFlagsFromString('--heap-growing-percent=20');
	let isHeld = true;
	return () => {
		if (!isHeld) return;
		isHeld = false;
		if (--holders === 0) setFlagsFromString('--heap-growing-percent=0');
	};
};

let holders = 0;
