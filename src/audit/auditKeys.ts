/**
 * Where the audit lies, beside the repositories.
 *
 *     audit/<yyyy-mm-dd>/<hhmmssmmm>-<replica>-<number>    what one process recorded in one window; the time is that of its last event
 */
import {type Day, dayOf, isDay} from '../lib/days.ts';
import type {ClosedWindow} from './windows.ts';

export const auditKeys = {
	all: 'audit/',
	day: (day: Day) => `audit/${day}/`,
	/** `at` in milliseconds since 1970. */
	hour: (at: number) => `audit/${dayOf(at)}/${new Date(at).toISOString().slice(11, 13)}`,
	/** `replica` is of no other process ever, `number` counts its windows. */
	window: ({last}: ClosedWindow, replica: string, number: number) => `audit/${dayOf(last)}/${timeOf(last)}-${replica}-${number}`,
} as const;

/** The day in a prefix `audit/<day>/`; undefined where something else lies there. */
export const dayOfPrefix = (prefix: string): Day | undefined => {
	const day = prefix.slice(auditKeys.all.length, -1);
	return isDay(day) ? day : undefined;
};

/** When the last event of a window was, in milliseconds since 1970; undefined where something else lies there. */
export const timeOfKey = (key: string): number | undefined => {
	const [, day, hours, minutes, seconds, ms] = /^audit\/(\d{4}-\d\d-\d\d)\/(\d\d)(\d\d)(\d\d)(\d{3})-[\w-]+$/.exec(key) ?? [];
	const at = Date.parse(`${day}T${hours}:${minutes}:${seconds}.${ms}Z`);
	return Number.isNaN(at) ? undefined : at;
};

const timeOf = (at: number): string => new Date(at).toISOString().slice(11, 23).replace(/[:.]/g, '');
