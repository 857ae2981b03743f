/**
 * A usage document: lines of JSON, the first of which says what it is. Each of the others tells something of one repository, on one day or of long
 * ago, so that whoever asks about a repository reads its lines alone.
 *
 *     {"usage":1,"lines":4,"since":1795780800,"replaces":["2026-11-27/5b1f…-0"]}
 *     {"repo":"ci/app","day":"2026-11-27","totals":[…]}
 *     {"repo":"ci/app","day":"2026-11-27","clients":[["10.0.0.1",[…]]]}
 *     {"repo":"ci/app","day":"2026-11-27","refs":[["main",[…],[["10.0.0.1",[…]]]]]}
 *     {"repo":"ci/app","day":"2026-11-27","layers":[["sha256:…",[…]]]}
 */
import {digestSchema, repositoryNameSchema, tagSchema} from 'oci-spec-types';
import {z} from 'zod';
import {type Day, isDay} from '../lib/days.ts';
import {
	type AnyRepository,
	type ClientNumbers,
	type Columns,
	clientColumns,
	countersOf,
	entryOf,
	type Ledger,
	layerColumns,
	noClientNumbers,
	noLayerNumbers,
	noRefCounters,
	type RepositoryCounters,
	refColumns,
	totalColumns,
	unnamed,
} from './ledger.ts';

/** `since`: when it was begun to listen. `replaces`: the names of documents whose content this one has. Lines stay text until they are asked for, which takes a fifth of the memory. */
export type UsageDocument = {since: Date; replaces: readonly string[]; lines: ReadonlyMap<AnyRepository, readonly UsageLine[]>};
export type UsageLine = {about: LineSubject; text: string};
export type LineSubject = (typeof lineSubjects)[number];

export const documentType = 'application/x-ndjson';

/** The lines of a ledger, in an order that depends on nothing but what is in it. */
export function* formatLines(ledger: Ledger): Generator<string> {
	for (const [period, repositories] of inOrder(ledger))
		for (const [repo, counters] of inOrder(repositories))
			for (const facts of factsOf(counters)) yield JSON.stringify({repo, ...(period !== 'earlier' && {day: period}), ...facts});
}

export const formatDocument = (lines: Iterable<string>, since: Date, replaces: readonly string[] = []): string => {
	const rest = [...lines];
	const seconds = Math.ceil(since.getTime() / 1000);
	const head: z.input<typeof headSchema> = {
		usage: 1,
		lines: rest.length,
		since: seconds,
		...(replaces.length > 0 && {replaces: [...replaces]}),
	};
	return [JSON.stringify(head), ...rest, ''].join('\n');
};

/** Throws where any of it is not as `formatDocument` writes it. */
export const parseDocument = (text: string): UsageDocument => {
	const [first = '', ...rest] = text.split('\n');
	const {since, replaces = [], ...head} = headSchema.parse(JSON.parse(first));
	if (rest.pop() !== '' || rest.length !== head.lines) throw new Error(`it does not end after ${head.lines} lines`);
	const lines = new Map<AnyRepository, UsageLine[]>();
	for (const text of rest) {
		const line = parseLine(text);
		const about = lineSubjects.find(subject => line[subject]);
		if (about) entryOf(lines, line.repo, () => []).push({about, text});
	}
	return {since: new Date(since * 1000), replaces, lines};
};

/** Adds what a line tells. */
export const addLine = (ledger: Ledger, line: string): void => {
	const {repo, day = 'earlier', totals, clients = [], refs = [], layers = []} = parseLine(line);
	const counters = countersOf(ledger, day, repo);
	if (totals) addRow(totalColumns, counters.totals, totals);
	addClientRows(counters.clients, clients);
	for (const [digest, row] of layers) addRow(layerColumns, entryOf(counters.layers, digest, noLayerNumbers), row);
	for (const [tag, row, users] of refs) {
		const ref = entryOf(counters.refs, tag, noRefCounters);
		addRow(refColumns, ref.uses, row);
		addClientRows(ref.clients, users);
	}
};

const addClientRows = (into: Map<string, ClientNumbers>, rows: readonly (readonly [string, readonly number[]])[]): void => {
	for (const [client, row] of rows) addRow(clientColumns, entryOf(into, client, noClientNumbers), row);
};

const addRow = <N extends Record<string, number>>({counts, times}: Columns<N>, into: N, row: readonly number[]): void => {
	const sums: Record<string, number> = into;
	for (const [at, name] of counts.entries()) sums[name] = (sums[name] ?? 0) + (row[at] ?? 0);
	for (const [at, name] of times.entries()) sums[name] = Math.max(sums[name] ?? 0, row[counts.length + at] ?? 0);
};

const parseLine = (line: string) => lineSchema.parse(JSON.parse(line));

/** What one line can tell of a repository. */
type Facts = Omit<z.input<typeof lineSchema>, 'repo' | 'day'>;

function* factsOf({totals, clients, refs, layers}: RepositoryCounters): Generator<Facts> {
	const row = rowOf(totalColumns, totals);
	if (row.some(number => number > 0)) yield {totals: row};
	if (clients.size > 0) yield {clients: clientRows(clients)};
	for (const some of inPieces(inOrder(refs)))
		yield {refs: some.map(([tag, ref]) => [tag, rowOf(refColumns, ref.uses), clientRows(ref.clients)])};
	for (const some of inPieces(inOrder(layers))) yield {layers: some.map(([digest, layer]) => [digest, rowOf(layerColumns, layer)])};
}

const clientRows = (clients: ReadonlyMap<string, ClientNumbers>) =>
	inOrder(clients).map(([name, client]): [string, number[]] => [name, rowOf(clientColumns, client)]);

const rowOf = <N extends Record<string, number>>({counts, times}: Columns<N>, numbers: N): number[] =>
	[...counts, ...times].map(name => numbers[name] ?? 0);

const inOrder = <K extends string, V>(map: ReadonlyMap<K, V>): [K, V][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

function* inPieces<T>(items: readonly T[]): Generator<readonly T[]> {
	for (let at = 0; at < items.length; at += entriesPerLine) yield items.slice(at, at + entriesPerLine);
}

const lineSubjects = ['totals', 'clients', 'refs', 'layers'] as const;

// Some 100 bytes each.
const entriesPerLine = 1000;

const headSchema = z.object({usage: z.literal(1), lines: z.int(), since: z.int(), replaces: z.array(z.string()).optional()});

const rowFor = <N>({counts, times}: Columns<N>) => z.array(z.number().nonnegative()).length(counts.length + times.length);

const clientsSchema = z.array(z.tuple([z.string(), rowFor(clientColumns)]));

const lineSchema = z.object({
	repo: z.union([z.literal(unnamed), repositoryNameSchema]),
	day: z.custom<Day>(value => typeof value === 'string' && isDay(value)).optional(),
	totals: rowFor(totalColumns).optional(),
	clients: clientsSchema.optional(),
	refs: z.array(z.tuple([tagSchema, rowFor(refColumns), clientsSchema])).optional(),
	layers: z.array(z.tuple([digestSchema, rowFor(layerColumns)])).optional(),
});
