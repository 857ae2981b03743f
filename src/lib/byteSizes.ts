/** Numbers of bytes as people read them: three digits and a unit that is never left out. */

/** `12.3 GiB`. */
export const formatBytes = (bytes: number): string => {
	const {value, unit} = scaleBytes(bytes);
	return `${value} ${unit}`;
};

export const scaleBytes = (bytes: number): {value: string; unit: ByteUnit} => {
	const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
	const scaled = bytes / 1024 ** power;
	// 1000 MiB would have four digits.
	if (scaled >= 999.5 && power > 0 && power < units.length - 1)
		return {value: (scaled / 1024).toFixed(2), unit: units[power + 1] as ByteUnit};
	const digits = power === 0 ? 0 : scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0;
	return {value: scaled.toFixed(digits), unit: units[power] as ByteUnit};
};

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
type ByteUnit = (typeof units)[number];
