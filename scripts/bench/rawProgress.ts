/** Reads what `buildctl --progress=rawjson` prints: when each step of a build began and ended, to the nanosecond. */

interface Step {
	readonly id?: string;
	readonly name?: string;
	readonly started?: string;
	readonly completed?: string;
}

export interface Span {
	/** Nanoseconds since 1970: beyond what a number holds exactly. */
	readonly startNs: bigint;
	readonly endNs: bigint;
}

export const sendingCache = 'sending cache export';

/** The spans of all steps that ended, by what they are called: a vertex by its name, a part of one by its id. */
export const parseProgress = (output: string): Map<string, Span> => {
	const spans = new Map<string, Span>();
	for (const line of output.split('\n')) {
		// Warnings of the client are mixed in, as plain text.
		if (!line.startsWith('{')) continue;
		const {vertexes = [], statuses = []}: {vertexes?: Step[]; statuses?: Step[]} = JSON.parse(line);
		for (const {id, name, started, completed} of [...vertexes, ...statuses]) {
			const title = id ?? name;
			// The last word counts: a vertex that waits for another one is started and completed more than once.
			if (title && started && completed) spans.set(title, {startNs: parseNanoseconds(started), endNs: parseNanoseconds(completed)});
		}
	}
	return spans;
};

export const secondsOf = ({startNs, endNs}: Span): number => Number(endNs - startNs) / 1e9;

/** From the first that begins to the last that ends. */
export const spanOver = (spans: readonly Span[]): Span => {
	const inOrder = (times: readonly bigint[]) => [...times].sort((a, b) => Number(a - b));
	const startNs = inOrder(spans.map(span => span.startNs))[0];
	const endNs = inOrder(spans.map(span => span.endNs)).at(-1);
	if (startNs === undefined || endNs === undefined) throw new RangeError('no spans');
	return {startNs, endNs};
};

/** Go writes as many digits of a second as there are, without zeros at the end. */
export const parseNanoseconds = (time: string): bigint => {
	const [, seconds = '', fraction = ''] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(time) ?? [];
	const milliseconds = Date.parse(`${seconds}Z`);
	if (Number.isNaN(milliseconds)) throw new Error(`not a time of BuildKit: ${time}`);
	return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
};
