/** The log: an event with facts a line, as JSON for machines or in colour for people. */
import {type DestinationStream, type Logger, pino, stdTimeFunctions} from 'pino';
import pretty from 'pino-pretty';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'> & {child(bindings: Record<string, unknown>): Log};
export type LogFormat = 'json' | 'pretty';
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** `destination` is where the lines go; standard output by default. */
export const createLog = ({format, level}: {format: LogFormat; level: LogLevel}, destination?: DestinationStream): Log =>
	pino(
		{
			level,
			base: undefined,
			formatters: {level: label => ({level: label})},
			timestamp: stdTimeFunctions.isoTime,
			serializers: {error: withoutSecrets},
			errorKey: 'error',
		},
		format === 'pretty' ? pretty({sync: true, ignore: 'pid,hostname', ...(destination && {destination})}) : destination,
	);

/** An error as it may be logged. Presigned URLs and request headers hang on the errors of HTTP clients; only name, message, stack and causes are ours to show. */
const withoutSecrets = (error: unknown): unknown => {
	if (!(error instanceof Error)) return error;
	const {name, message, stack, cause} = error;
	return {name, message: redact(message), stack: stack && redact(stack), ...(cause !== undefined && {cause: withoutSecrets(cause)})};
};

const redact = (text: string) => text.replace(/(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s"']+/gi, '$1…');
