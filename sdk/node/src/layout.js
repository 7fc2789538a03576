/** Where everything stands in a region, as docs/frames.md has it: version 1.0, offsets in bytes. */

export const MAGIC = Buffer.from("894e4652414d0d0a", "hex");
export const MAJOR = 1;
export const HEADER_BYTES = 256;
export const DESCRIPTOR_BYTES = 64;
export const SLOT_BYTES = 256;
export const PAGE_BYTES = 4096;
export const META_BYTES = 160;

/** Name, offset and length, in the order that the layout's hash goes by. */
export const FIELDS = [
  ["header.magic", 0, 8], ["header.abi", 8, 4], ["header.header_bytes", 12, 4], ["header.epoch", 16, 8],
  ["header.channel", 24, 8], ["header.region", 32, 8], ["header.slots", 40, 4], ["header.history", 44, 4],
  ["header.stride", 48, 8], ["header.payload_bytes", 56, 8], ["header.ring_at", 64, 8], ["header.ring_length", 72, 4],
  ["header.slot_headers_at", 80, 8], ["header.payloads_at", 88, 8], ["header.region_bytes", 96, 8],
  ["header.layout_hash", 104, 8], ["header.latest", 128, 8], ["header.notify", 136, 8], ["header.state", 144, 8],
  ["header.published", 192, 8], ["header.dropped", 200, 8], ["header.without_slot", 208, 8],
  ["descriptor.stamp", 0, 8], ["descriptor.slot", 8, 4], ["descriptor.flags", 12, 4], ["descriptor.length", 16, 8],
  ["descriptor.time", 24, 8], ["descriptor.crc", 32, 4], ["descriptor.user", 40, 24],
  ["slot.stamp", 0, 8], ["slot.length", 8, 8], ["slot.progress", 16, 8], ["slot.captured", 24, 8],
  ["slot.published", 32, 8], ["slot.crc", 40, 4], ["slot.meta_kind", 44, 2], ["slot.meta_length", 46, 2],
  ["slot.user", 48, 24], ["slot.flags", 72, 4], ["slot.meta", 96, 160],
  ["page.consumed", 0, 8], ["page.wake_after", 8, 8], ["page.pins", 64, 128],
];

export const AT = Object.fromEntries(FIELDS.map(([name, at]) => [name, at]));

export const STATE = { live: 1n, retired: 2n, closed: 3n };

export const HAS_CRC = 1;

/** FNV-1a over the fields: another number means another layout. */
export const LAYOUT_HASH = FIELDS.reduce((hash, [name, at, length]) => {
  const numbers = Buffer.alloc(8);
  numbers.writeUInt32LE(at, 0);
  numbers.writeUInt32LE(length, 4);
  return [...Buffer.from(name), ...numbers].reduce(
    (hash, byte) => BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n),
    hash,
  );
}, 0xcbf29ce484222325n);
