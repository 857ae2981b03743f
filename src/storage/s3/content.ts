/** What a request to S3 carries: bytes that are in memory or still come there, sent as often as S3 wants them. */

export type Content = {
	size: number;
	/** From the beginning, each time. What has not come yet is waited for; throws when it never will. */
	bytes(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
	isWhole(): boolean;
	/** Waits for the last byte. Throws when it will never come. */
	whole(): Promise<void>;
	/** As `formatCrc32` writes it: known once the content is whole, where anyone wants it. */
	crc32(): string | undefined;
};

export const contentOf = (bytes: Uint8Array): Content => ({
	size: bytes.length,
	bytes: () => [bytes],
	isWhole: () => true,
	whole: async () => undefined,
	crc32: () => undefined,
});

/** As S3 writes it: big-endian, in base64. */
export const formatCrc32 = (crc: number): string => {
	const sum = Buffer.alloc(4);
	sum.writeUInt32BE(crc);
	return sum.toString('base64');
};
