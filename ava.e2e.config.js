/** The end-to-end run: real programs on two cores, so one test at a time, and each bounded in time. */
// biome-ignore lint/style/noDefaultExport: AVA reads a default export and nothing else.
export default {
	extensions: ['ts'],
	files: ['test/e2e/**/*.test.ts'],
	concurrency: 1,
	serial: true,
	// Daemons are tied to the process that started them; a thread would have none of its own.
	workerThreads: false,
	timeout: '10m',
};
