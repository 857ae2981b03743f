/** What retention, the collector and the sweeper remove, and whether the collector gets round. */
import {beginAt0, type Instruments} from './instruments.ts';

export type RecordedCycle = {
	outcome: 'done' | 'failed' | 'abandoned';
	seconds: number;
	/** Milliseconds since 1970, by the store's clock. */
	endedAt: number;
};
export type Collected = {did: 'condemned' | 'rescued' | 'freed' | 'deleted'; objects: number; bytes: number};
/** A run of verify that came to its end. */
export type RecordedVerification = {objects: number; bytes: number; findings: readonly {kind: string}[]};

export const createCollectionMetrics = ({counter, gauge, durations}: Instruments) => {
	const swept = counter(
		'layercache_swept_total',
		'What the sweeper removed: what crashes and clients left behind (unfinished uploads, objects of chunks), and old days of the audit.',
		'what',
	);
	const removals = counter(
		'layercache_retention_removals_total',
		'What retention let go of: tags, heads, superseded and untagged manifests; and by which kind of rule.',
		'what',
		'rule',
	);
	const cycles = counter(
		'layercache_gc_cycles_total',
		'Cycles of the collector: done, failed, or abandoned to another replica.',
		'outcome',
	);
	const cycleSeconds = durations('layercache_gc_cycle_duration_seconds', 'How long a cycle took that was done.');
	const lastSuccess = gauge(
		'layercache_gc_last_success_timestamp_seconds',
		'When the last cycle was done, whichever replica did it; 0 before this one has heard of any.',
		'max',
	);
	const objects = counter('layercache_gc_objects_total', 'What the collector did to objects: condemned, rescued, freed, deleted.', 'did');
	const bytes = counter('layercache_gc_bytes_total', 'Bytes of those objects.', 'did');
	const tombstones = gauge('layercache_gc_tombstones', 'Tombstones that the last cycle left, by their state.', 'max', 'state');
	const lease = gauge('layercache_gc_lease_held', '1 while this server is the one that collects.', 'max');
	const verified = counter(
		'layercache_verify_objects_total',
		'Blobs and manifests whose bytes verify has read and compared with their digest.',
	);
	const verifiedBytes = counter('layercache_verify_bytes_total', 'Bytes that were read for that.');
	const findings = counter(
		'layercache_verify_findings_total',
		'What must not be: bytes that are not what their digest says (damaged), what cannot be read (unreadable), manifests without their blobs (incomplete), tags that point nowhere (dangling), tombstones that nobody buries (stale).',
		'finding',
	);

	beginAt0(cycles, 'outcome', ['done', 'failed', 'abandoned']);
	beginAt0(findings, 'finding', findingKinds);

	return {
		recordSwept: (what: string, removed: number) => swept.inc({what}, removed),

		/** Which rule it was the log says: what stands in the policy file is unbounded. */
		recordRemoval: (what: 'tag' | 'head' | 'superseded' | 'untagged', rule: 'policy' | 'default' | 'by hand') => removals.inc({what, rule}),

		recordCycle({outcome, seconds, endedAt}: RecordedCycle) {
			cycles.inc({outcome});
			if (outcome !== 'done') return;
			cycleSeconds.observe(seconds);
			lastSuccess.set(endedAt / 1000);
		},

		/** Another replica has done a cycle. Milliseconds since 1970. */
		noteCycleElsewhere: (endedAt: number) => lastSuccess.set(endedAt / 1000),

		/** Bytes of what is rescued nobody has looked up. */
		recordCollected({did, ...what}: Collected) {
			objects.inc({did}, what.objects);
			bytes.inc({did}, what.bytes);
		},

		setTombstones(counts: Readonly<Record<string, number>>) {
			tombstones.reset();
			for (const [state, count] of Object.entries(counts)) tombstones.set({state}, count);
		},

		setLeaseHeld: (held: boolean) => lease.set(held ? 1 : 0),

		recordVerification({objects: checked, bytes: read, findings: found}: RecordedVerification) {
			verified.inc(checked);
			verifiedBytes.inc(read);
			for (const {kind} of found) findings.inc({finding: kind});
		},
	};
};

const findingKinds = ['damaged', 'unreadable', 'incomplete', 'dangling', 'stale'];
