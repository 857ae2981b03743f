/** How clients reach the server: the certificate that it shows them. */
import type {Instruments} from './instruments.ts';

export const createTransportMetrics = ({gauge}: Instruments) => {
	const endsAt = gauge(
		'layercache_tls_certificate_expiry_timestamp_seconds',
		'When the certificate that new connections get ends; 0 without TLS.',
		'min',
	);
	const stale = gauge(
		'layercache_tls_certificate_stale',
		'1 while the files of the certificate and its key cannot be used, and the ones before them are shown.',
		'max',
	);

	return {
		recordCertificate(certificate: {endsAt: Date}) {
			endsAt.set(certificate.endsAt.getTime() / 1000);
			stale.set(0);
		},
		recordCertificateRefused: () => stale.set(1),
	};
};
