import { closeSync, fstatSync, openSync, read, readSync } from "node:fs";
import { promisify } from "node:util";

import { AT, HAS_CRC, HEADER_BYTES, LAYOUT_HASH, MAGIC, MAJOR, META_BYTES, SLOT_BYTES } from "./layout.js";
import { Damaged, Overtaken, RegionRefused } from "./errors.js";
import { Geometry } from "./geometry.js";
import { parseMeta } from "./meta.js";

const readAt = promisify(read);

/**
 * A region, read by position: nothing is mapped, so nothing that its server does can harm this process, and nothing is
 * pinned, so the server has to hold a frame while it is read.
 */
export class Region {
  #descriptor;

  /** Opens the region at a path, and holds it against what the server granted. */
  constructor(path, granted) {
    this.granted = granted;
    this.#descriptor = openSync(path, "r");
    try {
      const found = fstatSync(this.#descriptor).size;
      const expected = granted.geometry.regionBytes;
      if (found !== expected) throw new RegionRefused("size", `expected a region of ${expected} bytes, found ${found}`);
      checkHeader(this.#bytes(0, HEADER_BYTES), granted);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close() {
    closeSync(this.#descriptor);
  }

  /** The newest frame, or nothing before the first. It is torn unless the server holds it for this reader. */
  async latest() {
    const word = this.#bytes(AT["header.latest"], 8).readBigUInt64LE();
    if (word === 0n) return undefined;
    const [seq, slot] = [word >> 16n, Number(word & 0xffffn)];
    const { slots } = this.granted.geometry;
    if (slot >= slots)
      throw new Damaged(`expected a slot below ${slots}, found ${slot} in shared memory; the server is broken`);
    return this.frame(seq, slot);
  }

  /** What the channel's state is, as a number. */
  state() {
    return this.#bytes(AT["header.state"], 8).readBigUInt64LE();
  }

  /** A copy of frame `seq`, which the server holds in `slot`. */
  async frame(seq, slot) {
    const { geometry } = this.granted;
    const header = this.#bytes(geometry.slotHeaderAt(slot), SLOT_BYTES);
    if (header.readBigUInt64LE(AT["slot.stamp"]) !== BigInt(seq) << 1n)
      throw new Overtaken(`expected frame ${seq} in slot ${slot}, found that it is written to, or has another`);
    // The numbers are the writer's word. Lengths are held against what there is, and nothing else is a place.
    const says = header.readBigUInt64LE(AT["slot.length"]);
    const length = says < geometry.payloadBytes ? Number(says) : geometry.payloadBytes;
    const bytes = Buffer.allocUnsafe(length);
    const { bytesRead } = await readAt(this.#descriptor, bytes, 0, length, geometry.payloadAt(slot));
    if (bytesRead !== length) throw new Damaged(`expected ${length} bytes of frame ${seq}, found ${bytesRead}`);
    const metaLength = Math.min(header.readUInt16LE(AT["slot.meta_length"]), META_BYTES);
    const meta = header.subarray(AT["slot.meta"], AT["slot.meta"] + metaLength);
    const hasCrc = header.readUInt32LE(AT["slot.flags"]) & HAS_CRC;
    return {
      seq: Number(seq),
      bytes,
      meta: parseMeta(header.readUInt16LE(AT["slot.meta_kind"]), meta),
      captured: header.readBigUInt64LE(AT["slot.captured"]),
      published: header.readBigUInt64LE(AT["slot.published"]),
      crc: hasCrc ? header.readUInt32LE(AT["slot.crc"]) : undefined,
      user: Buffer.from(header.subarray(AT["slot.user"], AT["slot.user"] + 24)),
    };
  }

  #bytes(at, length) {
    const bytes = Buffer.alloc(length);
    const found = readSync(this.#descriptor, bytes, 0, length, at);
    if (found !== length) throw new RegionRefused("size", `expected ${length} bytes at ${at}, found ${found}`);
    return bytes;
  }
}

function checkHeader(header, granted) {
  const short = (field) => header.readUInt32LE(AT[`header.${field}`]);
  const long = (field) => header.readBigUInt64LE(AT[`header.${field}`]);
  const magic = header.subarray(0, MAGIC.length);
  if (!magic.equals(MAGIC))
    throw new RegionRefused("magic", `expected ${MAGIC.toString("hex")}, found ${magic.toString("hex")}`);
  const major = header.readUInt16LE(AT["header.abi"]);
  if (major !== MAJOR)
    throw new RegionRefused("version", `expected version ${MAJOR} of the layout, found ${major}; use peers of one version`);
  if (long("layout_hash") !== LAYOUT_HASH)
    throw new RegionRefused("layout", `expected the hash ${LAYOUT_HASH.toString(16)}, found ${long("layout_hash").toString(16)}`);
  const says = new Geometry(short("slots"), Number(long("payload_bytes")), short("history"));
  const derived = {
    header_bytes: [HEADER_BYTES, short],
    stride: [says.stride, long],
    ring_at: [HEADER_BYTES, long],
    ring_length: [says.slots, short],
    slot_headers_at: [says.slotHeadersAt, long],
    payloads_at: [says.payloadsAt, long],
    region_bytes: [says.regionBytes, long],
  };
  for (const [field, [expected, found]] of Object.entries(derived))
    if (BigInt(found(field)) !== BigInt(expected))
      throw new RegionRefused("field", `expected ${field} to be ${expected}, found ${found(field)}`);
  for (const field of ["epoch", "channel", "region"])
    if (long(field) !== granted[field])
      throw new RegionRefused("identity", `expected ${field} ${granted[field]}, found ${long(field)}; ask the server again`);
  for (const field of ["slots", "payloadBytes", "history"])
    if (says[field] !== granted.geometry[field])
      throw new RegionRefused("geometry", `expected ${field} ${granted.geometry[field]}, found ${says[field]}`);
}
