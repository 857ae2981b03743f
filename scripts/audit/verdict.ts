/** What `npm audit --json` said: clean, what is vulnerable, or that its service did not answer, which says nothing at all. */

export type AuditVerdict =
	| {kind: 'clean'}
	| {kind: 'vulnerable'; packages: readonly {name: string; severity: string}[]}
	| {kind: 'unknown'; reason: string};

/** `output` as npm printed it. Whatever is no complete report is `unknown`: nothing is taken for a pass but a report that counts none. */
export const auditVerdict = (output: string): AuditVerdict => {
	const report = parsed(output);
	if (report === undefined) return {kind: 'unknown', reason: 'npm audit printed no JSON'};
	const {vulnerabilities, metadata, message, error} = report;
	const total = metadata?.vulnerabilities?.total;
	if (!vulnerabilities || total === undefined) return {kind: 'unknown', reason: message ?? error?.summary ?? 'npm audit gave no report'};
	const packages = Object.entries(vulnerabilities).map(([name, {severity = 'unknown'}]) => ({name, severity}));
	return total === 0 && packages.length === 0 ? {kind: 'clean'} : {kind: 'vulnerable', packages};
};

type Report = {
	vulnerabilities?: Record<string, {severity?: string}>;
	metadata?: {vulnerabilities?: {total?: number}};
	message?: string;
	error?: {summary?: string};
};

const parsed = (output: string): Report | undefined => {
	try {
		const value: unknown = JSON.parse(output);
		return typeof value === 'object' && value !== null ? value : undefined;
	} catch {
		return undefined;
	}
};
