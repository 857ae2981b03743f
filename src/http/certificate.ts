/** The certificate that the server shows, and its key: read from their files, and again when those change. */
import {createPrivateKey, type KeyObject, X509Certificate} from 'node:crypto';
import {createSecureContext, type SecureContextOptions} from 'node:tls';
import {openWatchedFiles, type WatchedFiles, type WatchedFilesOptions} from '../lib/watchedFiles.ts';

/** What a TLS server is made with, and what people want to know of it. */
export type Certificate = {
	context: Pick<SecureContextOptions, 'cert' | 'key'>;
	/** Names and addresses that it is for, such as `DNS:cache.example.com`. */
	names: string;
	endsAt: Date;
};

/** PEM files; the first may have the certificates of the authorities between as well. */
export type CertificateFiles = {cert: string; key: string};

export type CertificateOptions = Pick<
	WatchedFilesOptions<Certificate, CertificateUnusable>,
	'onLoaded' | 'onRefused' | 'lastGood' | 'timing'
>;

/** The two files are no pair, or one of them is not what it should be. */
export class CertificateUnusable extends Error {
	override readonly name = 'CertificateUnusable';
}

/** Throws CertificateUnusable where there is no `lastGood` either. */
export const openCertificate = ({cert, key}: CertificateFiles, options: CertificateOptions): Promise<WatchedFiles<Certificate>> =>
	openWatchedFiles<Certificate, CertificateUnusable>([cert, key], {
		...options,
		parse: ([certText = '', keyText = '']) => parseCertificate(certText, keyText),
		unreadable: (path, reason) =>
			new CertificateUnusable(`${path === cert ? 'LAYERCACHE_TLS_CERT' : 'LAYERCACHE_TLS_KEY'} cannot be read: ${reason}`),
		isRefusal: error => error instanceof CertificateUnusable,
	});

/** Throws CertificateUnusable. Nothing of the key gets into a message. */
const parseCertificate = (cert: string, key: string): Certificate => {
	const leaf = leafOf(cert);
	const context = {cert, key};
	// OpenSSL takes a key of another kind, and none at all, without a word.
	if (!leaf.checkPrivateKey(privateKeyOf(key)))
		throw new CertificateUnusable('LAYERCACHE_TLS_KEY is not the key of the certificate in LAYERCACHE_TLS_CERT');
	try {
		createSecureContext(context);
	} catch (cause) {
		throw new CertificateUnusable(`LAYERCACHE_TLS_CERT cannot be used: ${codeOf(cause)}`, {cause});
	}
	return {context, names: leaf.subjectAltName ?? leaf.subject.replaceAll('\n', ', '), endsAt: leaf.validToDate};
};

const leafOf = (cert: string): X509Certificate => {
	try {
		return new X509Certificate(cert);
	} catch (cause) {
		throw new CertificateUnusable('LAYERCACHE_TLS_CERT has no certificate in PEM (-----BEGIN CERTIFICATE-----)', {cause});
	}
};

const privateKeyOf = (key: string): KeyObject => {
	try {
		return createPrivateKey(key);
	} catch (cause) {
		if (codeOf(cause) === 'ERR_MISSING_PASSPHRASE')
			throw new CertificateUnusable('LAYERCACHE_TLS_KEY needs a passphrase, which a server cannot ask for: store the key without one', {
				cause,
			});
		throw new CertificateUnusable('LAYERCACHE_TLS_KEY has no private key in PEM (-----BEGIN PRIVATE KEY-----)', {cause});
	}
};

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : String(error));
