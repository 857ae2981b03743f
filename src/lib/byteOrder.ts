/** Text as the string of its UTF-8 bytes, one character a byte: compared with `<` it sorts as S3 sorts keys, which JavaScript's own order does not above U+FFFF. */
declare const byteString: unique symbol;
export type ByteString = string & {readonly [byteString]: true};

export const toBytes = (text: string): ByteString => Buffer.from(text, 'utf8').toString('latin1') as ByteString;

export const fromBytes = (bytes: ByteString): string => Buffer.from(bytes, 'latin1').toString('utf8');

export const inByteOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
