/** Numbers, ages and digests as a table has them. */
import {formatBytes} from '../../lib/byteSizes.ts';

/** `3 d`, the larger unit alone; `never` where there is no time. */
export const age = (time: string | undefined, asOf: string, otherwise = 'never'): string => {
	if (time === undefined) return otherwise;
	return span(Date.parse(asOf) - Date.parse(time));
};

export const span = (ms: number): string => {
	const seconds = Math.max(0, Math.round(ms / 1000));
	const [size, unit] = units.find(([size]) => seconds >= size * 2) ?? [1, 's'];
	return `${Math.floor(seconds / size)} ${unit}`;
};

const units: readonly [number, string][] = [
	[86_400, 'd'],
	[3600, 'h'],
	[60, 'min'],
	[1, 's'],
];

/** `2026-11-27 09:30 UTC`. */
export const moment = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;

export const shortDigest = (digest: string): string => digest.slice(digest.indexOf(':') + 1).slice(0, 12);

/** `1 ref`, `2 refs`. */
export const many = (count: number, one: string, several = `${one}s`): string => `${count} ${count === 1 ? one : several}`;

/** `3 objects, 1.20 GiB`. */
export const amountOf = ({count, bytes}: {count: number; bytes: number}, one: string): string =>
	`${many(count, one)}, ${formatBytes(bytes)}`;

export const percent = (rate: number | undefined): string => (rate === undefined ? '-' : `${Math.floor(rate * 1000) / 10} %`);

/** Not more than so many, and how many are not shown. */
export const atMost = <T>(rows: readonly T[], limit: number, one: string): {shown: readonly T[]; rest: string[]} => ({
	shown: rows.slice(0, limit),
	rest: rows.length > limit ? [`… and ${many(rows.length - limit, one)} more; --json has all`] : [],
});
