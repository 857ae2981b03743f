/** Rectangles that fill a larger one, each as large as what it stands for, and as square as they can be (Bruls, Huizing, van Wijk: squarified treemaps). */

export type Rectangle = {x: number; y: number; width: number; height: number};

/** One for each size, in the same order; those of nothing have no area. */
export const layOut = (sizes: readonly number[], {width, height}: {width: number; height: number}): Rectangle[] => {
	const total = sizes.reduce((sum, size) => sum + size, 0);
	const placed: Rectangle[] = sizes.map(() => ({x: 0, y: 0, width: 0, height: 0}));
	if (total === 0) return placed;
	const scale = (width * height) / total;
	const largestFirst = sizes
		.map((size, index) => ({index, area: size * scale}))
		.filter(({area}) => area > 0)
		.toSorted((a, b) => b.area - a.area);

	let room: Rectangle = {x: 0, y: 0, width, height};
	let start = 0;
	while (start < largestFirst.length) {
		const side = Math.min(room.width, room.height);
		let end = start + 1;
		let row = largestFirst.slice(start, end);
		while (end < largestFirst.length) {
			const longer = largestFirst.slice(start, end + 1);
			if (worst(longer, side) > worst(row, side)) break;
			row = longer;
			end++;
		}
		room = placeRow(row, room, placed);
		start = end;
	}
	return placed;
};

type Part = {index: number; area: number};

/** How far from square the worst of them would be, laid along a side. */
const worst = (row: readonly Part[], side: number) => {
	const area = row.reduce((sum, part) => sum + part.area, 0);
	const largest = (row[0] as Part).area;
	const smallest = (row.at(-1) as Part).area;
	return Math.max((side ** 2 * largest) / area ** 2, area ** 2 / (side ** 2 * smallest));
};

/** Along the shorter side; what is left is returned. */
const placeRow = (row: readonly Part[], room: Rectangle, placed: Rectangle[]): Rectangle => {
	const area = row.reduce((sum, part) => sum + part.area, 0);
	const isColumn = room.width >= room.height;
	const thickness = area / (isColumn ? room.height : room.width);
	let along = isColumn ? room.y : room.x;
	for (const part of row) {
		const length = part.area / thickness;
		placed[part.index] = isColumn
			? {x: room.x, y: along, width: thickness, height: length}
			: {x: along, y: room.y, width: length, height: thickness};
		along += length;
	}
	return isColumn
		? {...room, x: room.x + thickness, width: Math.max(0, room.width - thickness)}
		: {...room, y: room.y + thickness, height: Math.max(0, room.height - thickness)};
};
