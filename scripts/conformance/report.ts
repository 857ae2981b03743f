/** What the conformance suite's JUnit report says, and what of it we answer for. */

export interface ConformanceCase {
	/** `passed`, `skipped`, `failure` or `error`. */
	readonly state: string;
	readonly name: string;
	readonly message: string;
}

export interface ConformanceReport {
	readonly passed: number;
	readonly failed: number;
	readonly skipped: number;
	/** Every case that did not pass. */
	readonly remarkable: readonly ConformanceCase[];
}

export const parseReport = (xml: string): ConformanceReport => {
	const cases = [...xml.matchAll(/<testcase name="([^"]*)"[^>]* status="([^"]*)"[^>]*?(?:\/>|>(.*?)<\/testcase>)/gs)].map(
		([, name = '', state = '', body = '']) => ({
			state,
			name: unescapeXml(name),
			message: unescapeXml(/<system-out>(.*?)<\/system-out>/s.exec(body)?.[1] ?? ''),
		}),
	);
	// A report in another shape must not read as one without failures.
	const announced = Number(/<testsuites[^>]* tests="(\d+)"/.exec(xml)?.[1]);
	if (cases.length === 0 || cases.length !== announced) throw new Error(`read ${cases.length} cases of a report that has ${announced}`);
	const count = (state: string) => cases.filter(one => one.state === state).length;
	const [passed, skipped] = [count('passed'), count('skipped')];
	return {passed, skipped, failed: cases.length - passed - skipped, remarkable: cases.filter(({state}) => state !== 'passed')};
};

/**
 * A mount without its source would have us search what the client may not see, so it stays a plain upload, which the
 * suite reports as a skip. An image whose layers were never pushed ("sparse") is refused on purpose.
 */
export const isExpected = ({state, name}: ConformanceCase): boolean =>
	state === 'skipped' ? name.endsWith('/mount anonymous/blob-mount-anonymous') : /\bsparse\b/i.test(name);

const unescapeXml = (text: string) => {
	const named: Record<string, string> = {lt: '<', gt: '>', amp: '&', quot: '"', apos: "'"};
	return text
		.replace(/&#x([0-9a-f]+);/gi, (_, hex) => String.fromCodePoint(Number.parseInt(hex, 16)))
		.replace(/&#(\d+);/g, (_, decimal) => String.fromCodePoint(Number(decimal)))
		.replace(/&(lt|gt|amp|quot|apos);/g, (_, name) => named[name] ?? '');
};
