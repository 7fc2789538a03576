/** Which frames come. `then` is THEN_DROP_NEW, THEN_DEMOTE or THEN_EVICT. */
export type Policy =
  | { latest: {} }
  | { drop_oldest: { depth: number } }
  | { block: { max_wait_ms: number; then?: string } }
  | { sample: { hz: number } };

export type Tier = "proc" | "inline";

export interface Options {
  /** The server's name or address, where the channel's name does not begin with it. */
  at?: string;
  /** Default: the newest frame each time. */
  policy?: Policy;
  /** How many frames the server holds for this reader at once, 1 to 16. Default: 2. */
  pins?: number;
  /** The ways that frames may come; inline always may. Default: both. */
  tiers?: Tier[];
  /** Bytes of a frame below which a channel comes inline. Default: 65,536. */
  inlineBelow?: number;
}

export interface Rectangle { x: number; y: number; width: number; height: number }

export type Meta =
  | { kind: "opaque"; bytes: Buffer }
  | { kind: "video"; width: number; height: number; stride: number; fourcc: string; damage: Rectangle[] }
  | { kind: "audio"; rate: number; channels: number; format: number | string; pts: bigint; moments: number }
  | { kind: "state"; schema: bigint; base: bigint; state: number | string }
  | { kind: "unknown"; number: number };

/** A frame, copied: it is this process's own. Times are nanoseconds since 1970; `captured` is 0 when not said. */
export interface Frame {
  seq: number;
  bytes: Buffer;
  meta: Meta;
  captured: bigint;
  published: bigint;
  crc?: number;
  user: Buffer;
  tier: Tier;
  epoch: bigint;
  /** Frames lost right before it, where the policy is to get each in turn. */
  lost: number;
}

export class FrameStream implements AsyncIterable<Frame> {
  readonly name: string;
  readonly at: string;
  readonly tier: Tier | undefined;
  readonly epoch: bigint;
  readonly lost: number;
  next(timeoutMs?: number): Promise<Frame | undefined>;
  close(): void;
  [Symbol.asyncIterator](): AsyncIterator<Frame>;
}

export function open(channel: string, options?: Options): Promise<FrameStream>;

export class FramesError extends Error {}
export class OpenError extends FramesError { readonly status?: string }
export class RegionRefused extends FramesError { readonly reason: string }
export class Overtaken extends FramesError {}
export class Damaged extends FramesError {}
export class Evicted extends FramesError {}
export class Broken extends FramesError {}
export class TimedOut extends FramesError {}
