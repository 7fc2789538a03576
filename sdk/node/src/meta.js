/** What a frame's bytes are. `kind` is opaque, video, audio, state or unknown. */

const DAMAGE_MAX = 8;

/** Reads meta as it stands in a slot's header. */
export function parseMeta(kind, bytes) {
  const unknown = { kind: "unknown", number: kind };
  const u32 = (at) => bytes.readUInt32LE(at);
  const u64 = (at) => bytes.readBigUInt64LE(at);
  if (kind === 0) return { kind: "opaque", bytes: Buffer.from(bytes) };
  if (kind === 1 && bytes.length >= 32) {
    const damaged = u32(16);
    if (damaged > DAMAGE_MAX || bytes.length < 32 + 16 * damaged) return unknown;
    const damage = Array.from({ length: damaged }, (_, index) => {
      const [x, y, width, height] = [0, 4, 8, 12].map((at) => u32(32 + 16 * index + at));
      return { x, y, width, height };
    });
    return { kind: "video", width: u32(0), height: u32(4), stride: u32(8), fourcc: bytes.toString("latin1", 12, 16), damage };
  }
  if (kind === 2 && bytes.length >= 24) {
    const format = bytes.readUInt16LE(6);
    if (format !== 1 && format !== 2) return unknown;
    return { kind: "audio", rate: u32(0), channels: bytes.readUInt16LE(4), format, pts: u64(8), moments: u32(16) };
  }
  if (kind === 3 && bytes.length >= 24) {
    const state = u32(16);
    if (state !== 1 && state !== 2) return unknown;
    return { kind: "state", schema: u64(0), base: u64(8), state };
  }
  return unknown;
}

/** Reads meta of a `FrameInfo`. */
export function metaOf(info) {
  const said = info.meta ? info[info.meta] : undefined;
  switch (info.meta) {
    case "opaque":
      return { kind: "opaque", bytes: said };
    case "video":
      return { kind: "video", ...said, fourcc: said.fourcc.toString("latin1") };
    case "audio":
      return { kind: "audio", ...said, pts: BigInt(said.pts) };
    case "state":
      return { kind: "state", schema: BigInt(said.schema), base: BigInt(said.base), state: said.kind };
    default:
      return { kind: "unknown", number: 0xffff };
  }
}
