import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { credentials, loadPackageDefinition, status } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

import { dialTarget, split } from "./address.js";
import { Broken, Evicted, FramesError, OpenError, RegionRefused, TimedOut } from "./errors.js";
import { Geometry } from "./geometry.js";
import { metaOf } from "./meta.js";
import { Region } from "./region.js";

const CALL_TIMEOUT_MS = 10_000;
const REATTACH_TIMEOUT_MS = 60_000;
const PAUSE_MIN_MS = 10;
const PAUSE_MAX_MS = 500;

/** Frames that may come before more are asked for: one to look at while the next is under way. */
const CREDIT = 2;

const TIERS = { proc: "TIER_PROC", inline: "TIER_INLINE" };
const MAY_COME_BACK = ["UNAVAILABLE", "NOT_FOUND", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"];

// In the package its own copy, in a checkout the one that all share.
const PROTO = ["../proto", "../../../proto"].map((folder) => fileURLToPath(new URL(folder, import.meta.url)));
const definition = loadSync("nearcall/frames/v1/frames.proto", {
  includeDirs: PROTO.filter(existsSync),
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});
const { Frames } = loadPackageDefinition(definition).nearcall.frames.v1;

/** Opens a channel by its name, as `render.main` or `arena/render.main`. See index.d.ts for the options. */
export async function open(channel, options = {}) {
  const { at, name } = split(channel);
  const stream = new FrameStream(name, { at, pins: 2, tiers: ["proc", "inline"], inlineBelow: 65536, policy: { latest: {} }, ...options });
  await stream.attach();
  return stream;
}

/** The frames of one channel. Where the server is gone or starts anew, it attaches again by itself. */
export class FrameStream {
  #options;
  #subscription;
  #closed = false;
  #unsaid = 0;

  constructor(name, options) {
    this.name = name;
    this.at = options.at;
    this.lost = 0;
    this.#options = options;
  }

  /** How frames come at the moment; undefined while the channel is opened again. */
  get tier() {
    return this.#subscription?.tier;
  }

  /** The number of the server's start: another after it started anew. */
  epoch = 0n;

  /** The next frame; undefined when the writer has ended the channel. TimedOut after `timeoutMs`, if that is given. */
  async next(timeoutMs) {
    const until = timeoutMs === undefined ? Infinity : Date.now() + timeoutMs;
    while (!this.#closed) {
      if (!this.#subscription) await this.#attachAgain(until);
      const came = await this.#subscription.next(until);
      if (came.frame) {
        came.frame.lost = this.#unsaid;
        this.#unsaid = 0;
        return came.frame;
      }
      if (came.gap) {
        this.lost += came.gap;
        this.#unsaid += came.gap;
      }
      if (came.end) this.#drop();
      if (came.end === "closed") this.#closed = true;
    }
    return undefined;
  }

  async *[Symbol.asyncIterator]() {
    try {
      for (let frame = await this.next(); frame; frame = await this.next()) yield frame;
    } finally {
      this.close();
    }
  }

  /** Ends the subscription. Frames that came are this process's own. */
  close() {
    this.#closed = true;
    this.#drop();
  }

  #drop() {
    this.#subscription?.close();
    this.#subscription = undefined;
  }

  async #attachAgain(until) {
    const patience = Date.now() + REATTACH_TIMEOUT_MS;
    for (let pause = PAUSE_MIN_MS; ; pause = Math.min(2 * pause, PAUSE_MAX_MS)) {
      try {
        return await this.attach();
      } catch (error) {
        if (!MAY_COME_BACK.includes(error.status) || Date.now() >= patience) throw error;
      }
      if (Date.now() + pause >= until) throw new TimedOut(`no frame of ${this.name} came in time; its server is gone`);
      await new Promise((done) => setTimeout(done, pause));
    }
  }

  /** Opens the channel by the best way that works; whether memory can be had is known once it was tried. */
  async attach() {
    // A connection of its own: a ticket is good while the connection lasts that asked for it.
    const client = new Frames(dialTarget(this.at), credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
    try {
      let { tiers } = this.#options;
      for (let useless = Buffer.alloc(0); ; ) {
        const answer = await this.#ask(client, tiers, useless);
        const granted = readGrant(answer);
        try {
          this.#subscription = new Subscription(client, answer, granted);
          this.epoch = granted.epoch;
          return;
        } catch (error) {
          // A /proc may be another container's.
          if (granted.tier !== "proc" || !(error instanceof RegionRefused || error.code)) throw error;
          tiers = tiers.filter((tier) => tier !== granted.tier);
          useless = answer.ticket;
        }
      }
    } catch (error) {
      client.close();
      throw error;
    }
  }

  #ask(client, tiers, useless) {
    const { policy, pins, inlineBelow } = this.#options;
    const request = {
      channel: this.name,
      tiers: tiers.map((tier) => TIERS[tier] ?? "TIER_INLINE"),
      policy,
      pins,
      inline_below: inlineBelow,
      instead_of: useless,
    };
    return new Promise((done, failed) =>
      client.Open(request, { deadline: Date.now() + CALL_TIMEOUT_MS }, (error, answer) => {
        if (!error) return done(answer);
        const message = `${this.name} at ${this.at}: ${error.details}`;
        return failed(new OpenError(message, status[error.code], { cause: error }));
      }),
    );
  }
}

function readGrant({ tier, region, pins }) {
  const name = Object.keys(TIERS).find((name) => TIERS[name] === tier);
  if (!name || !region?.geometry) throw new Broken(`expected a tier and a region that are known, found ${tier}`);
  const { slots, payload_bytes, history } = region.geometry;
  const [epoch, channel, number] = [region.epoch, region.channel, region.region].map(BigInt);
  return { tier: name, epoch, channel, region: number, pins, geometry: new Geometry(slots, Number(payload_bytes), history) };
}

/** A stream of frames: their bytes, or references, which are read by position and let go of at once. */
class Subscription {
  #call;
  #client;
  #region;
  #granted;
  #events = [];
  #wake = () => {};
  #begun;
  #owed = false;

  constructor(client, { region, ticket }, granted) {
    this.#client = client;
    this.#granted = granted;
    this.tier = granted.tier;
    if (granted.tier === "proc") this.#region = new Region(region.path, granted);
    this.#call = client.Subscribe();
    const tell = (event) => {
      this.#events.push(event);
      this.#wake();
    };
    this.#call.on("data", (said) => tell({ said }));
    this.#call.on("error", (error) => tell({ error }));
    this.#call.on("end", () => tell({}));
    this.#call.write({ start: { ticket, credit: CREDIT } });
  }

  close() {
    this.#call.cancel();
    this.#client.close();
    this.#region?.close();
  }

  async next(until) {
    if (this.#owed) this.#call.write({ credit: { frames: 1 } });
    this.#owed = false;
    for (;;) {
      while (this.#events.length === 0) await this.#event(until);
      const came = await this.#take(this.#events.shift());
      this.#owed = came?.frame !== undefined;
      if (came) return came;
    }
  }

  #event(until) {
    return new Promise((done, failed) => {
      const late = () => failed(new TimedOut("no frame came in time"));
      const timer = until === Infinity ? undefined : setTimeout(late, Math.max(0, until - Date.now()));
      this.#wake = () => {
        clearTimeout(timer);
        done();
      };
    });
  }

  async #take({ said, error }) {
    if (error && ![status.UNAVAILABLE, status.CANCELLED].includes(error.code))
      throw new FramesError(`the server ended the frames: ${error.details}`, { cause: error });
    switch (said?.event) {
      case "frame":
        return this.#begin(said.frame);
      case "chunk":
        return this.#goOn(said.chunk.bytes);
      case "gap":
        return { gap: Number(BigInt(said.gap.last) - BigInt(said.gap.first)) + 1 };
      case "end":
        if (said.end.ending === "ENDING_EVICTED") throw new Evicted("the subscription lagged and was ended; open it again");
        return { end: said.end.ending === "ENDING_CLOSED" ? "closed" : "gone" };
      default:
        // Something that a later version says, or the end of the stream.
        return said ? undefined : { end: "gone" };
    }
  }

  async #begin({ info, length, body }) {
    const frame = {
      seq: Number(info.seq),
      bytes: undefined,
      meta: metaOf(info),
      captured: BigInt(info.captured_ns),
      published: BigInt(info.published_ns),
      crc: info._crc === "crc" ? info.crc : undefined,
      user: info.user,
      tier: this.tier,
      epoch: this.#granted.epoch,
    };
    if (body.content === "frame") return this.#refer(frame, body.frame);
    if (Number(length) > this.#granted.geometry.payloadBytes) throw new Broken("expected a frame no longer than its slot");
    this.#begun = { frame, length: Number(length), pieces: [], there: 0 };
    return this.#goOn(body.inline);
  }

  #goOn(piece) {
    const begun = this.#begun;
    if (!begun) throw new Broken("expected a frame before its pieces");
    begun.pieces.push(piece);
    begun.there += piece.length;
    if (begun.there > begun.length) throw new Broken("expected a frame as long as it was said to be");
    if (begun.there < begun.length) return undefined;
    this.#begun = undefined;
    begun.frame.bytes = begun.pieces.length === 1 ? begun.pieces[0] : Buffer.concat(begun.pieces);
    return { frame: begun.frame };
  }

  async #refer(frame, { seq, offset }) {
    const slot = this.#granted.geometry.slotAt(Number(offset));
    if (!this.#region || slot === undefined) throw new Broken("expected a reference to a frame of the region");
    try {
      frame.bytes = (await this.#region.frame(BigInt(seq), slot)).bytes;
    } finally {
      this.#call.write({ release: { seq } });
    }
    return { frame };
  }
}
