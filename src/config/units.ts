/** Durations and sizes as people write them: `7d`, `500GB`. */

/** Such as `512.3GB`, in the largest unit of which there is one. */
export const formatBytes = (amount: number): string => {
	const unit = (['TB', 'GB', 'MB', 'KB'] as const).find(name => amount >= bytes[name]) ?? 'B';
	return `${Number((amount / bytes[unit]).toFixed(unit === 'B' ? 0 : 1))}${unit}`;
};

/** Milliseconds; undefined for what is no duration. */
export const parseDurationMs = (text: string): number | undefined => scaled(text, milliseconds);

/** Such as `7d` or `1.5h`, in the largest unit up to days of which there is one. */
export const formatDuration = (durationMs: number): string => {
	const unit = (['d', 'h', 'm'] as const).find(name => durationMs >= milliseconds[name]) ?? 's';
	return `${Number((durationMs / milliseconds[unit]).toFixed(1))}${unit}`;
};

/** Bytes; undefined for what is no size. */
export const parseBytes = (text: string): number | undefined => scaled(text, bytes);

const milliseconds = {s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000} as const;
const bytes = {
	B: 1,
	KB: 1e3,
	MB: 1e6,
	GB: 1e9,
	TB: 1e12,
	KiB: 1024,
	MiB: 1024 ** 2,
	GiB: 1024 ** 3,
	TiB: 1024 ** 4,
} as const;

const scaled = (text: string, units: Readonly<Record<string, number>>): number | undefined => {
	const [, amount = '', unit = ''] = /^(\d{1,9}) ?([A-Za-z]{1,3})$/.exec(text) ?? [];
	return Object.hasOwn(units, unit) ? Number(amount) * (units[unit] as number) : undefined;
};
