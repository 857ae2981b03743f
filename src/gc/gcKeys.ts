/**
 * Where the collector keeps what it remembers, beside the repositories.
 *
 *     gc/lease             who collects now
 *     gc/cycle             how far the cycle has come
 *     gc/reports/<time>    what a cycle found and did
 *     gc/refs              the bytes of every ref, as the last cycle saw them
 *     gc/verify            what verify found, and where it goes on
 */
export const gcKeys = {
	lease: 'gc/lease',
	cycle: 'gc/cycle',
	reports: 'gc/reports/',
	/** ISO 8601 sorts by time. */
	report: (startedAt: Date) => `gc/reports/${startedAt.toISOString()}`,
	refSizes: 'gc/refs',
	verify: 'gc/verify',
} as const;
