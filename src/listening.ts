/** Listens as the settings say: in plain HTTP or with TLS, whose certificate is renewed under way, and at a port that only leads there. */
import type {Settings} from './config/settings.ts';
import {openCertificate} from './http/certificate.ts';
import type {ConnectionLimits} from './http/connectionLimits.ts';
import {createRedirectServer} from './http/plainHttp.ts';
import {type HttpServer, type Listener, listen, startListening} from './http/server.ts';
import {isAmong} from './lib/addressRanges.ts';
import type {SharedFiles} from './sharedFiles.ts';
import type {Log} from './telemetry/log.ts';
import type {Metrics} from './telemetry/metrics.ts';

export type Listening = {
	server: HttpServer;
	/** Reads the files of the certificate again, changed or not. */
	reload(): Promise<void>;
	/** See `drain` of HttpServer. */
	drain(seconds: number): Promise<void>;
};

export type ListeningOptions = {
	settings: Settings;
	log: Log;
	metrics: Metrics;
	sharedFiles: SharedFiles | undefined;
	/** Milliseconds since 1970. */
	clock: () => number;
};

/** Throws CannotListen, CertificateUnusable. */
export const startServer = async (listener: Listener, options: ListeningOptions): Promise<Listening> => {
	const {settings, metrics} = options;
	const files = settings.tlsCert && settings.tlsKey ? {cert: settings.tlsCert, key: settings.tlsKey} : undefined;
	if (!files) {
		const server = await listen(listener, {...settings, limits: limitsOf(settings, metrics)});
		return {server, reload: async () => undefined, drain: server.drain};
	}
	return startSecureServer(listener, files, options);
};

const startSecureServer = async (
	listener: Listener,
	files: {cert: string; key: string},
	{settings, log, metrics, sharedFiles, clock}: ListeningOptions,
): Promise<Listening> => {
	const {host, tlsMinVersion, tlsRedirectPort, publicUrl} = settings;
	let server: HttpServer | undefined;
	const certificate = await openCertificate(files, {
		lastGood: sharedFiles?.lastGood.certificate,
		onLoaded(loaded, texts) {
			const {names, endsAt} = loaded;
			const soon = endsAt.getTime() - clock() < soonMs;
			log[soon ? 'warn' : 'info'](
				{names, endsAt: endsAt.toISOString()},
				soon ? 'certificate ends soon, or has ended' : 'certificate loaded',
			);
			metrics.recordCertificate(loaded);
			sharedFiles?.onLoaded('certificate', texts);
			server?.renewCertificate(loaded);
		},
		onRefused({message}) {
			log.error({problem: message}, 'the files of the certificate cannot be used; the one before is still shown');
			metrics.recordCertificateRefused();
		},
	});
	const tls = {certificate: certificate.current(), minVersion: tlsMinVersion};
	const secure = await listen(listener, {...settings, tls, limits: limitsOf(settings, metrics)});
	server = secure;
	// They may have changed in between.
	secure.renewCertificate(certificate.current());
	const redirects = tlsRedirectPort === undefined ? undefined : createRedirectServer({publicUrl, tlsPort: () => secure.address.port});
	if (redirects && tlsRedirectPort !== undefined) {
		const address = await startListening(redirects, {host, port: tlsRedirectPort, setting: 'LAYERCACHE_TLS_REDIRECT_PORT'});
		log.info({port: address.port}, 'plain HTTP is led to https');
	}
	return {
		server: secure,
		reload: certificate.reload,
		async drain(seconds) {
			certificate.stop();
			redirects?.close();
			redirects?.closeAllConnections();
			await secure.drain(seconds);
		},
	};
};

const limitsOf = ({connections, connectionsPerAddress, headerSeconds, trustedProxies}: Settings, metrics: Metrics): ConnectionLimits => ({
	most: connections,
	mostPerAddress: connectionsPerAddress,
	isShared: isAmong(trustedProxies),
	headerSeconds,
	onEnded: metrics.recordConnectionEnd,
});

// Long enough for somebody to mend what renews it.
const soonMs = 7 * 86_400_000;
