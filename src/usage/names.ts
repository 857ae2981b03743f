/** How usage documents are called: a replica's own, and those that were put together of others. */
import {type Day, isDay} from '../lib/days.ts';
import type {Period} from './ledger.ts';

/** `replica` is hexadecimal with dashes, `number` counts its documents. */
export const formatReplicaName = (day: Day, replica: string, number: number): string => `${day}/${replica}-${number}`;

/** One of the documents that together replace others. They count when all are there. */
export type SetPart = {set: string; part: number; parts: number};

export const formatSetName = (period: Period, {set, part, parts}: SetPart): string => `${period}/merged-${set}-${part}of${parts}`;

/** Undefined where something else lies among the documents. */
export const parseName = (name: string): {period: Period; setPart?: SetPart} | undefined => {
	const [period = '', rest = ''] = name.split('/');
	if (period !== 'earlier' && !isDay(period)) return undefined;
	const [, set, part, parts] = /^merged-([0-9a-f]+)-(\d+)of(\d+)$/.exec(rest) ?? [];
	if (set !== undefined) return {period, setPart: {set, part: Number(part), parts: Number(parts)}};
	return /^[0-9a-f-]+-\d+$/.test(rest) ? {period} : undefined;
};
