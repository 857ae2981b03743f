import test from 'ava';
import fc from 'fast-check';
import {layOut} from '../../src/ui/plots/treemap.ts';

const room = {width: 960, height: 360};
const sizes = fc.array(fc.integer({min: 0, max: 2 ** 40}), {maxLength: 60});

test('an area is to the whole as a size is to all', t => {
	fc.assert(
		fc.property(sizes, sizes => {
			const total = sizes.reduce((sum, size) => sum + size, 0);
			return layOut(sizes, room).every(({width, height}, index) => {
				const share = total === 0 ? 0 : (sizes[index] as number) / total;
				return Math.abs(width * height - share * room.width * room.height) < 0.01;
			});
		}),
	);
	t.pass();
});

test('all are inside, and none lies on another', t => {
	fc.assert(
		fc.property(sizes, sizes => {
			const placed = layOut(sizes, room).filter(({width, height}) => width * height > 0.1);
			const inside = placed.every(({x, y, width, height}) => x > -0.01 && y > -0.01 && x + width < 960.01 && y + height < 360.01);
			const apart = placed.every((a, index) =>
				placed
					.slice(index + 1)
					.every(
						b => a.x + a.width < b.x + 0.01 || b.x + b.width < a.x + 0.01 || a.y + a.height < b.y + 0.01 || b.y + b.height < a.y + 0.01,
					),
			);
			return inside && apart;
		}),
	);
	t.pass();
});

test('equal sizes are nearly square', t => {
	for (const {width, height} of layOut(Array<number>(16).fill(5), room)) t.true(Math.max(width / height, height / width) < 2);
});
