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
	/** Every case that did not pass. The numbers above count groups of cases as well, as the suite does. */
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
	const {tests, failures = 0, errors = 0, skipped = 0} = totals(xml);
	// A report in another shape must not read as one without failures.
	if (!tests || cases.length === 0) throw new Error('the report has no totals or no cases');
	const remarkable = cases.filter(({state}) => state !== 'passed');
	const failed = failures + errors;
	// The totals count groups too, and a group may fail by itself, which no case tells.
	const untold = failed - remarkable.filter(({state}) => state !== 'skipped').length;
	if (untold > 0) remarkable.push({state: 'failure', name: `${untold} groups of cases`, message: 'see report.html (--report)'});
	return {passed: tests - failed - skipped, failed, skipped, remarkable};
};

const totals = (xml: string): Partial<Record<'tests' | 'failures' | 'errors' | 'skipped', number>> => {
	const [, attributes = ''] = /<testsuites ([^>]*)>/.exec(xml) ?? [];
	return Object.fromEntries([...attributes.matchAll(/(\w+)="(\d+)"/g)].map(([, name, value]) => [name, Number(value)]));
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
