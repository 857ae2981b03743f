/** Events of one window as few lines: those that are equal become one, and there is room for so many and no more. */
import type {AuditEvent} from './audit.ts';
import {cleaned, startOf} from './cleaned.ts';
import type {AuditLine} from './line.ts';

export type Folding = {
	/** `at` in milliseconds since 1970. */
	add(event: AuditEvent, at: number): void;
	/** How many events there were. */
	count(): number;
	/** In the order of their first events. */
	lines(): AuditLine[];
};

/**
 * `lines`: so many different events are told apart. Of these at most `nobodys` are refusals of nobody in particular, who can think of any number
 * of names: documents full of them would fill the store. `coarse`: for so many more it is told who did what, but not to what. All others share
 * a line for each kind.
 */
export type FoldingLimits = {lines: number; nobodys: number; coarse: number};

export const createFolding = ({lines, nobodys, coarse}: FoldingLimits = usualLimits): Folding => {
	const entries = new Map<string, Entry>();
	let told = {apart: 0, nobodys: 0, coarse: 0};
	let count = 0;

	const hasRoom = (event: AuditEvent): boolean => told.apart < lines && (!isNobodys(event) || told.nobodys < nobodys);

	/** Where one is counted that was not seen before. */
	const entryFor = (key: string, event: AuditEvent, at: number): Entry => {
		if (hasRoom(event)) {
			told = {...told, apart: told.apart + 1, nobodys: told.nobodys + (isNobodys(event) ? 1 : 0)};
			return begin(key, event, at);
		}
		const {what, allowed, who, from, requestId} = event;
		const rough = {what, who, from, allowed, requestId, why: crowded};
		const known = entries.get(keyOf(rough));
		if (known) return known;
		if (told.coarse < coarse) {
			told = {...told, coarse: told.coarse + 1};
			return begin(keyOf(rough), rough, at);
		}
		const roughest = {...rough, who: several, from: several};
		return entries.get(keyOf(roughest)) ?? begin(keyOf(roughest), roughest, at);
	};

	const begin = (key: string, event: AuditEvent, at: number): Entry => {
		const entry = {line: factsOf(event), count: 0, first: at, last: at};
		entries.set(key, entry);
		return entry;
	};

	return {
		add(event, at) {
			const key = keyOf(event);
			const entry = entries.get(key) ?? entryFor(key, event, at);
			count += 1;
			entry.count += 1;
			entry.last = at;
		},
		count: () => count,
		lines: () => [...entries.values()].map(lineOf),
	};
};

type Entry = {line: Facts; count: number; first: number; last: number};
type Facts = Omit<AuditLine, 'audit' | 'first' | 'last' | 'count'>;

// 4096 lines are some 1.5 MB.
const usualLimits: FoldingLimits = {lines: 4096, nobodys: 512, coarse: 256};

const crowded = 'too many different events at once to tell them apart';
const several = 'several';

const isNobodys = ({who, allowed}: AuditEvent) => who === 'anonymous' && !allowed;

/**
 * Equal for what becomes one line. This is done for each request: no JSON, and nothing is cleaned that was seen before. What can have a line break
 * in it comes last, so no two events are mistaken for one another but by their senders' own texts.
 */
const keyOf = ({what, who, from, on = nothing, allowed, status, why, input, claimed}: AuditEvent): string => {
	const key = `${what}\n${who}\n${from}\n${allowed}\n${status}\n${on.repo}\n${on.tag}\n${digestToTell(what, on)}\n${bounded(why)}`;
	return input === undefined && claimed === undefined ? key : `${key}\n${bounded(input)}\n${claimed && startOf(claimed)}`;
};

const nothing: NonNullable<AuditEvent['on']> = {};

/** An import reads many layers, and which they are its manifest says. */
const digestToTell = (what: string, {digest}: NonNullable<AuditEvent['on']>) =>
	what === 'blob.get' || what === 'blob.head' ? undefined : digest;

const bounded = (text: string | undefined) => (text !== undefined && text.length > longestText ? text.slice(0, longestText) : text);

const longestText = 512;
const longestName = 256;

const factsOf = ({what, who, from, on = nothing, allowed, why, status, input, claimed, requestId}: AuditEvent): Facts => {
	const digest = digestToTell(what, on);
	return {
		what: cleaned(what, longestName),
		who: cleaned(who, longestName),
		from: cleaned(from, longestName),
		...(on.repo !== undefined && {repo: cleaned(on.repo, longestName)}),
		...(on.tag !== undefined && {tag: cleaned(on.tag, longestName)}),
		...(digest !== undefined && {digest: cleaned(digest, longestName)}),
		allowed,
		why: cleaned(why, longestText),
		...(status !== undefined && {status}),
		...(input !== undefined && {input: cleaned(input, longestText)}),
		...(claimed !== undefined && {claimed: startOf(claimed)}),
		requestId: cleaned(requestId, longestName),
	};
};

const lineOf = ({line, count, first, last}: Entry): AuditLine => ({
	audit: 1,
	first: new Date(first).toISOString(),
	last: new Date(last).toISOString(),
	count,
	...line,
});
