/** Schedules at random: who does what when, and what goes wrong on the way, mostly where it could matter. */
import fc from 'fast-check';
import {lifetimes, quarantineMs} from './lifetimes.ts';
import type {Delay, Trouble} from './simulation.ts';
import type {BlobName, DocumentName} from './universe.ts';
import type {Command} from './world.ts';

const {tombstoneListMs, deleteWindowMs, deleteSlackMs} = lifetimes;

/** Each stands for another relation to what the protocol counts on. */
const short = [0, 7, 1000, 6000] as const;
const long = [
	deleteWindowMs + 500,
	deleteWindowMs + deleteSlackMs + 1000,
	tombstoneListMs / 2,
	tombstoneListMs + 1000,
	quarantineMs / 4,
	quarantineMs / 2,
	quarantineMs - 20_000,
	quarantineMs + 1000,
	quarantineMs + 60_000,
] as const;
const pauseMs = fc.oneof(fc.constantFrom(...short), {arbitrary: fc.constantFrom(...long), weight: 3});

/** What a race turns on. */
const places: readonly Pick<Delay, 'operation' | 'key'>[] = [
	{operation: 'list', key: /condemned/},
	{operation: 'list', key: /^repos\/$/},
	{operation: 'list', key: /_blobs\/$/},
	{operation: 'read', key: /condemned/},
	{operation: 'read', key: /_manifests/},
	{operation: 'read', key: /_tags/},
	{operation: 'read', key: /\/_blobs/},
	{operation: 'write', key: /condemned\/_blobs/},
	{operation: 'write', key: /condemned\/_manifests/},
	{operation: 'write', key: /app\/_manifests/},
	{operation: 'write', key: /app\/_tags/},
	{operation: 'stat', key: /./},
	{operation: 'upload', key: /./},
	{operation: 'copy', key: /./},
	{operation: 'removeUntil', key: /app\/_blobs/},
	{operation: 'removeUntil', key: /app\/_manifests/},
	{operation: 'removeUntil', key: /condemned/},
];
const point = fc.record({place: fc.constantFrom(...places), nth: fc.integer({min: 1, max: 3})}).map(({place, nth}) => ({...place, nth}));
const side = fc.constantFrom<Delay['side']>('before', 'after');
const delay = fc.record({point, side, ms: pauseMs}).map(({point, side, ms}) => ({...point, side, ms}));

/** S3 takes no write that was signed long ago; a removal may arrive ever so late, if nothing is done about it. */
const repeat = fc
	.record({point, ms: pauseMs})
	.map(({point, ms}) => ({...point, ms: isRemoval(point.operation) ? ms : Math.min(ms, tombstoneListMs)}));
const isRemoval = (operation: string) => operation.startsWith('remove');
const crash = fc.record({point, sent: fc.boolean()}).map(({point, sent}) => ({...point, sent}));

const trouble: fc.Arbitrary<Trouble> = fc.oneof(
	{arbitrary: fc.constant({}), weight: 3},
	{arbitrary: delay.map(one => ({delays: [one]})), weight: 4},
	{arbitrary: fc.tuple(delay, delay).map(delays => ({delays})), weight: 1},
	{arbitrary: repeat.map(one => ({repeats: [one]})), weight: 1},
	{arbitrary: crash.map(one => ({crashes: [one]})), weight: 1},
);

const document = fc.constantFrom<DocumentName>('image', 'both', 'other', 'index', 'outer', 'signature');
const blob = fc.constantFrom<BlobName>('a', 'b', 'config');
const tag = fc.constantFrom('main', 'next');
const maybeTag = fc.option(tag, {nil: undefined});
const always = <const T>(value: T) => fc.constant(value);
const tagged = <T extends {tag?: string | undefined}>({tag, ...rest}: T) => (tag === undefined ? rest : {...rest, tag});

const deed = fc.oneof(
	{arbitrary: fc.record({kind: always('push'), document, tag: maybeTag}).map(tagged), weight: 6},
	{arbitrary: fc.record({kind: always('send'), document, tag: maybeTag, mounts: fc.boolean()}).map(tagged), weight: 2},
	{arbitrary: fc.record({kind: always('putManifest'), document, tag: maybeTag}).map(tagged), weight: 2},
	{arbitrary: fc.record({kind: always('putBlob'), blob}), weight: 1},
	{arbitrary: fc.record({kind: always('mount'), blob}), weight: 1},
	{arbitrary: fc.record({kind: always('deleteTag'), tag}), weight: 1},
	{arbitrary: fc.record({kind: always('import'), tag}), weight: 2},
	{arbitrary: fc.record({kind: always('collect')}), weight: 8},
);

const command: fc.Arbitrary<Command> = fc
	.record({deed, after: pauseMs, by: fc.nat({max: 1}), trouble})
	.map(({deed, ...rest}) => ({...deed, ...rest}) as Command);

export const schedule = fc.array(command, {minLength: 4, maxLength: 14});
