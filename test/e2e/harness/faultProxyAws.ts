/** Plays AWS where MinIO is lenient: sessions that end, a clock of its own, one way to sign and no second. What it lets pass, it signs anew for MinIO. */
import {randomBytes} from 'node:crypto';
import {SignatureV4} from '@smithy/signature-v4';
import {S3Refusal} from '../../support/s3Double/refusal.ts';
import {checkSignature} from '../../support/s3Double/signature.ts';
import {type FaultProxy, type Gate, RefusedHere, startFaultProxy} from './faultProxy.ts';
import type {S3Server} from './s3Server.ts';
import type {Scope} from './scope.ts';

export interface Session {
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	readonly sessionToken: string;
	/** From then on it is refused, whatever was announced. */
	endsAt: number;
}

export interface AwsProxy {
	readonly proxy: FaultProxy;
	/** MinIO as seen through it; the keys are those of no session. */
	readonly server: S3Server;
	/** The codes of what it refused. */
	readonly refusals: readonly string[];
	/** How far its clock is ahead of this machine's. */
	leadSeconds: number;
	/** Temporary credentials, as STS gives them. */
	issue(lifeSeconds: number): Session;
}

export const startAwsProxy = async (scope: Scope, minio: S3Server): Promise<AwsProxy> => {
	const sessions = new Map<string, Session>();
	const refusals: string[] = [];
	const now = () => new Date(Date.now() + aws.leadSeconds * 1000);
	const signer = new SignatureV4({
		service: 's3',
		region: minio.region,
		credentials: {accessKeyId: minio.accessKey, secretAccessKey: minio.secretKey},
		sha256: minio.client().config.sha256 as ConstructorParameters<typeof SignatureV4>[0]['sha256'],
		uriEscapePath: false,
	});

	const gate: Gate = async request => {
		try {
			check(request, sessions, minio.region, now());
		} catch (error) {
			if (!(error instanceof S3Refusal)) throw error;
			refusals.push(error.code);
			throw new RefusedHere(error.status, error.code, error.message);
		}
		return signedAnew(signer, new URL(minio.endpoint), request);
	};
	const proxy = await startFaultProxy(scope, minio.endpoint, {gate, now});
	const aws: AwsProxy = {
		proxy,
		server: {...minio, endpoint: proxy.url, accessKey: 'AKIANOBODY', secretKey: 'none'},
		refusals,
		leadSeconds: 0,
		issue(lifeSeconds) {
			const [accessKeyId, secretAccessKey, sessionToken] = [12, 30, 60].map(length => randomBytes(length).toString('hex'));
			if (!accessKeyId || !secretAccessKey || !sessionToken) throw new Error('no randomness');
			const session = {
				accessKeyId: `ASIA${accessKeyId.toUpperCase()}`,
				secretAccessKey,
				sessionToken,
				endsAt: now().getTime() + lifeSeconds * 1000,
			};
			sessions.set(session.accessKeyId, session);
			return session;
		},
	};
	return aws;
};

/** Of whom a request claims to be; in a header, or in a presigned URL. */
export const claimedKey = ({headers, query}: {headers: Readonly<Record<string, string>>; query: ReadonlyMap<string, string>}): string =>
	(/Credential=([^/,]+)\//.exec(headers.authorization ?? '')?.[1] ?? query.get('X-Amz-Credential')?.split('/')[0]) || '';

type Request = Parameters<Gate>[0];

/** By the rules of the S3 double, which are AWS's. */
const check = (request: Request, sessions: ReadonlyMap<string, Session>, region: string, now: Date) => {
	const session = sessions.get(claimedKey(request));
	const credentials = session ?? {accessKeyId: '', secretAccessKey: ''};
	checkSignature(request, {credentials, region, now, isExpired: session !== undefined && now.getTime() >= session.endsAt});
};

const signedAnew = async (signer: SignatureV4, {protocol, hostname, port, host}: URL, {method, path, query, headers}: Request) => {
	const {authorization: _, 'x-amz-date': __, 'x-amz-security-token': ___, ...kept} = headers;
	const ownQuery = Object.fromEntries([...query].filter(([name]) => !/^X-Amz-/.test(name)));
	const covered = Object.fromEntries(Object.entries(kept).filter(([name]) => /^x-amz-|^content-(type|md5)$|^if-|^range$/.test(name)));
	const signed = await signer.sign({
		method,
		protocol,
		hostname,
		port: Number(port),
		path,
		query: ownQuery,
		headers: {'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', ...covered, host},
	});
	const search = Object.entries(ownQuery).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
	return {url: search.length > 0 ? `${path}?${search.join('&')}` : path, headers: {...kept, ...signed.headers}};
};
