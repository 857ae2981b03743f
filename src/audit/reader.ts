/** The audit of all replicas, newest first, for those who ask. */

import {inByteOrder} from '../lib/byteOrder.ts';
import {readAll} from '../lib/bytes.ts';
import {type Day, dayOf, daysBefore, endOfDay} from '../lib/days.ts';
import {mapInOrder} from '../lib/mapInOrder.ts';
import type {ObjectStore} from '../storage/objectStore.ts';
import {auditKeys, dayOfPrefix, timeOfKey} from './auditKeys.ts';
import {type AuditLine, parseLine} from './line.ts';
import {windowMs} from './windows.ts';

export type AuditQuestion = {
	/** What happened from here on, */
	since: Date;
	/** and not after this. */
	until: Date;
	isWanted(line: AuditLine): boolean;
	/** At most so many lines. */
	limit: number;
	/** Nothing more is read after it. */
	signal?: AbortSignal;
};

/**
 * `reachedAt`: all that is newer was looked at; missing where that is all that was asked for. `unreadable` are keys of what somebody else wrote or changed.
 */
export type AuditAnswer = {lines: AuditLine[]; reachedAt?: Date; unreadable: string[]};

export type AuditReader = {
	/** Reads only what the days asked for have, and holds some seconds of it and the answer in memory. */
	find(question: AuditQuestion): Promise<AuditAnswer>;
};

/** `mostObjects` is how many are read for one question at most. */
export const createAuditReader = (store: ObjectStore, {mostObjects = usualObjects}: {mostObjects?: number} = {}): AuditReader => ({
	async find({since, until, isWanted, limit, signal}) {
		const lines: AuditLine[] = [];
		const unreadable: string[] = [];
		// Processes do not begin their windows together: a line is older than the time of its object, by a window at most.
		let recent: AuditLine[] = [];
		const settle = (before: number) => {
			const settled = recent.filter(({last}) => Date.parse(last) > before);
			recent = recent.filter(({last}) => Date.parse(last) <= before);
			lines.push(...settled.toSorted((a, b) => inByteOrder(b.last, a.last)));
		};

		let objects = 0;
		const isInTime = ({first, last}: AuditLine) => Date.parse(first) <= until.getTime() && Date.parse(last) >= since.getTime();
		const keys = keysNewestFirst(store, since.getTime(), until.getTime() + windowMs);
		for await (const {key, at, text} of mapInOrder(keys, parallelReads, object => readText(store, object))) {
			signal?.throwIfAborted();
			settle(at);
			if (lines.length >= limit || objects >= mostObjects) return {...cut(lines, limit, at), unreadable};
			objects += 1;
			const read = text.split('\n').filter(Boolean).map(parseLine);
			if (read.includes(undefined) && unreadable.length < toldUnreadable) unreadable.push(key);
			recent.push(...read.filter(line => line !== undefined).filter(line => isInTime(line) && isWanted(line)));
		}
		settle(Number.NEGATIVE_INFINITY);
		return {...(lines.length > limit ? cut(lines, limit, since.getTime()) : {lines}), unreadable};
	},
});

const usualObjects = 5000;
const parallelReads = 16;
const toldUnreadable = 100;

/** What is asked for next goes on where this ends; `at` is how far was looked. */
const cut = (lines: AuditLine[], limit: number, at: number): {lines: AuditLine[]; reachedAt: Date} => {
	const shown = lines.slice(0, limit);
	const oldest = lines.length > limit ? shown.at(-1)?.last : undefined;
	return {lines: shown, reachedAt: new Date(oldest ?? at)};
};

type DatedKey = {key: string; at: number};

/** Those whose last event was between these times. An hour at a time: a listing runs forwards, and a busy day has more keys than should be held. */
async function* keysNewestFirst(store: ObjectStore, from: number, to: number): AsyncGenerator<DatedKey> {
	for await (const rows of mapInOrder(hoursNewestFirst(store, from, to), parallelLists, hour => listHour(store, hour))) {
		for (const row of rows.toReversed()) if (row.at >= from && row.at <= to) yield row;
	}
}

const parallelLists = 4;

/** The prefixes of the hours between these times, of the days of which there is anything. */
async function* hoursNewestFirst(store: ObjectStore, from: number, to: number): AsyncGenerator<string> {
	const days: Day[] = [];
	// Whether a store names the very prefix after which it lists is left open: the day before is not asked for.
	for await (const entry of store.list(auditKeys.all, {delimiter: '/', after: auditKeys.day(daysBefore(dayOf(from), 1))})) {
		const day = 'prefix' in entry ? dayOfPrefix(entry.prefix) : undefined;
		if (day && day >= dayOf(from) && day <= dayOf(to)) days.push(day);
	}
	for (const day of days.toReversed()) {
		for (let hour = endOfDay(day) - hourMs; hour >= Date.parse(day); hour -= hourMs) {
			if (hour <= to && hour + hourMs > from) yield auditKeys.hour(hour);
		}
	}
}

const hourMs = 3_600_000;

const listHour = async (store: ObjectStore, prefix: string): Promise<DatedKey[]> => {
	const rows: DatedKey[] = [];
	for await (const row of store.list(prefix)) {
		const at = 'key' in row ? timeOfKey(row.key) : undefined;
		if ('key' in row && at !== undefined) rows.push({key: row.key, at});
	}
	return rows;
};

/** Of what was swept meanwhile there is nothing. */
const readText = async (store: ObjectStore, {key, at}: DatedKey) => {
	const object = await store.read(key);
	return {key, at, text: object ? (await readAll(object.body)).toString() : ''};
};
