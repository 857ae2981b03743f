/** What the scenarios that move a cache measure. */
import type {FigureFacts} from '../scenario.ts';

export const transferFigures = {
	sendingSeconds: {title: 'sending, s', digits: 3},
	s3Requests: {title: 'S3 requests', digits: 0},
	serverCpuSeconds: {title: "server's CPU, s", digits: 2},
	builderCpuSeconds: {title: "builders' CPU, s", digits: 2},
	serverPeakMiB: {title: "server's peak, MiB", digits: 0},
} as const satisfies Record<string, FigureFacts>;
