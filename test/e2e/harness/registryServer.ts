/** What the tests know of a registry server: layercache, or another one to compare with. */
import type {Daemon} from './daemon.ts';
import type {S3Server} from './s3Server.ts';

export interface RegistryServer extends Daemon {
	readonly url: string;
	/** As it stands in an image reference. */
	readonly host: string;
}

/** Where a registry keeps its bytes; a server that is started again gets the one of its predecessor. */
export type Storage =
	| {readonly kind: 'disk'; readonly folder: string}
	| {readonly kind: 's3'; readonly server: S3Server; readonly bucket: string};
