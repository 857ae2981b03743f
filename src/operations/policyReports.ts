/** `policy check` and `policy explain`: what is wrong with a policy file, and what it says of one ref, and why. */
import {readFile} from 'node:fs/promises';
import {OciError, parseRepositoryName, parseTag, type RepositoryName, type Tag} from 'oci-spec-types';
import {type AccessRule, formatWho} from '../config/access.ts';
import {type Budget, countRules, noPolicy, type Policy, PolicyInvalid, parsePolicy} from '../config/policy.ts';
import {refsOf, type S3Cache, type S3CacheRef} from '../config/s3Caches.ts';
import {formatBytes, formatDuration} from '../config/units.ts';
import {type AccessNote, accessNotes, sourceNotes} from '../refs/accessNotes.ts';
import {openSources} from '../refs/openSources.ts';
import type {Expiry, RefBehaviour, TagSource} from '../refs/refBehaviour.ts';
import {type Aspect, aspects, type Decision, decide} from '../refs/refRules.ts';
import {type ExplainedRoute, explainRoute, routeLines} from './explainRoute.ts';

/** For people and for programs. `exitCode` 1: the file has problems; 2: there is nothing to look at. */
export type Report = {exitCode: 0 | 1 | 2; lines: readonly string[]; facts: object};

/** Everything that is wrong with a policy file. */
export const checkPolicy = async (file: string | undefined): Promise<Report> => {
	if (file === undefined) return nothing('name a file, or set LAYERCACHE_POLICY');
	const read = await readPolicy(file);
	if ('report' in read) return read.report;
	const {refs, budget, s3Caches, upstreams, routes} = read.policy;
	const rules = countRules(read.policy);
	const open = openSources(read.policy);
	const notes = accessNotes(read.policy);
	return {
		exitCode: 0,
		lines: [
			`${file}: ${rules} ${rules === 1 ? 'rule' : 'rules'}, and nothing is wrong with it`,
			...open.map(
				({rule, source}) =>
					`${file}:${rule.line}: note: ${rule.match.text} is protected and answers ${source}, which is not: whoever may push there decides what it answers`,
			),
			...notes.map(({line, message}) => `${file}:${line}: note: ${message}`),
		],
		facts: {
			file,
			rules: refs.length,
			budgets: budget.length,
			s3Caches: s3Caches.length,
			upstreams: Object.keys(upstreams),
			routes: routes.length,
			problems: [],
			open: open.map(({rule, source}) => ({line: rule.line, source})),
			access: read.policy.access?.length,
			notes,
		},
	};
};

/** What happens to a ref such as `ci/app:pr-12`; without a file by the defaults. */
export const explainRef = async (ref: string, file: string | undefined): Promise<Report> => {
	const parsed = parseRef(ref);
	if (typeof parsed === 'string') return nothing(parsed);
	const read = file === undefined ? {policy: noPolicy} : await readPolicy(file);
	if ('report' in read) return read.report;
	const {repo, tag} = parsed;
	const old = read.policy.s3Caches.flatMap(cache => refsOf(cache).map(place => ({...place, cache})));
	const place = old.find(({repository, tag: name}) => repository === repo && name === tag);
	if (place || old.some(({repository}) => repository === repo)) return explainOldRef(ref, file, place);
	const decision = decide(read.policy.refs, repo, tag);
	const budgets = read.policy.budget.filter(({match}) => 'named' in match.match(repo, decision.subject));
	const who = (read.policy.access ?? []).filter(({on}) => on.some(each => each.valuesFor(repo, decision.subject)));
	const notes = sourceNotes(read.policy, repo, tag);
	const route = explainRoute(read.policy, repo, decision.subject);
	const explained = {ref, tag, decision, budgets, file, access: read.policy.access && who, notes, route};
	return {exitCode: 0, lines: linesOf(explained), facts: factsOf(explained)};
};

type OldPlace = S3CacheRef & {cache: S3Cache};

/** A repository that is an old bucket has no rules. */
const explainOldRef = (ref: string, file: string | undefined, place: OldPlace | undefined): Report => {
	const key = place && `${place.cache.prefix}${place.cache.manifestsPrefix}${place.name}`;
	return {
		exitCode: 0,
		lines: [
			`${ref}, by ${file}`,
			'',
			place
				? `an import reads     ${key} of the bucket ${place.cache.bucket}, which type=s3 has written`
				: 'an import finds     nothing: no entry of s3Caches names it',
			'a push is refused   old buckets are only read',
		],
		facts: {ref, file, ...(place && {bucket: place.cache.bucket, key})},
	};
};

export const nothing = (problem: string): Report => ({exitCode: 2, lines: [problem], facts: {problem}});

export const readPolicy = async (file: string): Promise<{policy: Policy} | {report: Report}> => {
	const text = await readFile(file, 'utf8').catch((error: Error) => error);
	if (text instanceof Error) return {report: nothing(`${file} cannot be read: ${text.message}`)};
	try {
		return {policy: parsePolicy(text, file)};
	} catch (error) {
		if (!(error instanceof PolicyInvalid)) throw error;
		const {problems} = error;
		const lines = problems.map(({line, column, message}) => `${file}:${line}:${column}: ${message}`);
		return {report: {exitCode: 1, lines, facts: {file, problems}}};
	}
};

export const parseRef = (ref: string): {repo: RepositoryName; tag: Tag} | string => {
	const colon = ref.lastIndexOf(':');
	if (colon === -1) return `${ref} has no tag: write it like ci/app:main`;
	try {
		return {repo: parseRepositoryName(ref.slice(0, colon)), tag: parseTag(ref.slice(colon + 1))};
	} catch (error) {
		if (error instanceof OciError) return `${ref} is no ref of this registry: ${error.message}; leave its host name out`;
		throw error;
	}
};

const formatSource = (source: TagSource) => ('tag' in source ? source.tag : source.glob);

/** What an import of a tag looks for, in turn. */
const tries = (tag: Tag, {subject}: Decision, {fallback}: RefBehaviour): readonly Tag[] =>
	subject === tag ? [tag, ...fallback] : fallback;

const values: {readonly [A in Aspect]: (behaviour: RefBehaviour) => string} = {
	fallback: ({fallback}) => fallback.join(', ') || 'none',
	union: ({union}) => union.map(formatSource).join(', ') || 'none',
	typeS3: ({typeS3}) => (typeS3 ? 'yes' : 'no'),
	protect: ({protect}) => (protect ? 'yes' : 'no'),
	onPush: ({onPush}) => onPush,
	onDenied: ({onDenied}) => onDenied,
	heads: ({heads}) => `${heads.count} pushes, ${heads.ageMs / 86_400_000} days, ${heads.bytes / 1e9} GB`,
	expire: ({expire, protect}) => (protect ? 'never, since it is protected' : formatExpiry(expire)),
	superseded: ({keepSuperseded}) => String(keepSuperseded),
	untagged: ({untaggedMs}) => (untaggedMs === 0 ? 'after the grace' : `after ${formatDuration(untaggedMs)}`),
};

const formatExpiry = (expire: Expiry | undefined): string => {
	const {ageMs, idleMs, newest} = expire ?? {};
	const conditions = [
		ageMs !== undefined && `${formatDuration(ageMs)} old`,
		idleMs !== undefined && `${formatDuration(idleMs)} idle`,
		newest !== undefined && `not of the newest ${newest}`,
	].filter(condition => condition !== false);
	return conditions.join(' and ') || 'never';
};

type Explained = {
	ref: string;
	tag: Tag;
	decision: Decision;
	budgets: readonly Budget[];
	file: string | undefined;
	/** Rules that mean the ref for somebody. */
	access: readonly AccessRule[] | undefined;
	notes: readonly AccessNote[];
	route: ExplainedRoute | undefined;
};

const linesOf = ({ref, tag, decision, budgets, file, access, notes, route}: Explained): string[] => {
	const {behaviour, decidedBy, rules, omitted} = decision;
	const union = behaviour.union.map(formatSource);
	const isAsked = decision.subject !== tag;
	return [
		`${ref}, by ${file ?? 'the defaults: there is no policy'}`,
		'',
		`an import tries    ${tries(tag, decision, behaviour).join(', else ')}`,
		...(union.length > 0 ? [`and is answered    ${[...new Set([decision.subject, ...union])].join(' + ')}, merged`] : []),
		...(isAsked ? [`a push is refused  it belongs to ${decision.subject}: two dots are for reading`] : []),
		'',
		...aspects.map(aspect => {
			const rule = decidedBy[aspect];
			return `${aspect.padEnd(12)}${values[aspect](behaviour).padEnd(28)} ${rule ? `line ${rule.line}, ${rule.match.text}` : 'by default'}`;
		}),
		...omitted.map(({aspect, text, because}) => `${aspect.padEnd(12)}without ${text}: ${because}`),
		...budgets.map(({size, line, match}) => `${'budget'.padEnd(12)}${formatBytes(size).padEnd(28)} line ${line}, ${match.text}`),
		...(route ? routeLines(route) : []),
		...(access ? ['', ...accessLines(access, decision.subject)] : []),
		...notes.map(({line, message}) => `  note, line ${line}: ${message}`),
		...(rules.length > 0 ? ['', `rules, asked about ${decision.subject}:`] : []),
		...rules.map(
			({rule, differs}) =>
				`  line ${String(rule.line).padEnd(5)}${rule.match.text.padEnd(30)} ${differs ? `no: the ${differs} differs` : 'applies'}`,
		),
	];
};

const accessLines = (access: readonly AccessRule[], subject: Tag): string[] => {
	if (access.length === 0) return ['no rule of access allows anybody anything with it'];
	return [
		`who may, with ${subject}:`,
		...access.map(({line, who, may}) => `  line ${String(line).padEnd(5)}${may.join(', ').padEnd(30)} ${formatWho(who)}`),
	];
};

const factsOf = ({ref, tag, decision, budgets, file, access, notes, route}: Explained) => ({
	ref,
	file,
	tries: tries(tag, decision, decision.behaviour),
	...decision.behaviour,
	union: decision.behaviour.union.map(formatSource),
	decidedBy: Object.fromEntries(aspects.map(aspect => [aspect, decision.decidedBy[aspect]?.line])),
	rules: decision.rules.map(({rule, differs}) => ({line: rule.line, match: rule.match.text, applies: !differs, differs})),
	omitted: decision.omitted,
	budgets: budgets.map(({line, match, size}) => ({line, match: match.text, size})),
	access: access?.map(({line, may, who}) => ({line, may, who: formatWho(who)})),
	notes,
	route,
});
