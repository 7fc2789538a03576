/** Frames of the real `render`, in both tiers. NEARCALL_RENDER names its program. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { open, OpenError, TimedOut } from "../src/index.js";

const PATIENCE_MS = 30_000;
const TIERS = ["proc", "inline"];

class Render {
  // Short, since a socket's path is bounded.
  folder = mkdtempSync(join(tmpdir(), "nearcall-"));
  socket = join(this.folder, "nearcall/default/render.sock");
  at = `unix:${this.socket}`;

  async start(size = "480x270@60") {
    const program = process.env.NEARCALL_RENDER;
    assert.ok(program && existsSync(program), `expected NEARCALL_RENDER to name the program render, found ${program}`);
    const { NEARCALL_WORLD, NEARCALL_ADDRESS_RENDER, ...others } = process.env;
    const env = { ...others, XDG_RUNTIME_DIR: this.folder, XDG_STATE_HOME: this.folder };
    this.child = spawn(program, ["default/render", size], { env, stdio: "ignore" });
    for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await sleep(20)) if (await this.#answers()) return this;
    throw new Error(`render did not answer at ${this.socket}`);
  }

  async #answers() {
    const socket = connect(this.socket);
    try {
      await once(socket, "connect");
      return true;
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  }

  async kill() {
    if (this.child?.exitCode === null && this.child.signalCode === null) {
      this.child.kill("SIGKILL");
      await once(this.child, "exit");
    }
  }

  async end() {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

describe("frames of render", () => {
  const render = new Render();
  before(() => render.start());
  after(() => render.end());

  for (const tier of TIERS) {
    test(`pictures come by ${tier}`, async () => {
      const stream = await open("render.main", { at: render.at, tiers: [tier] });
      let seq = 0;
      for (let count = 0; count < 5; count++) {
        const frame = await stream.next(PATIENCE_MS);
        assert.equal(frame.tier, tier);
        assert.equal(frame.epoch, stream.epoch);
        assert.ok(frame.seq > seq);
        seq = frame.seq;
        const { kind, width, height, stride, fourcc } = frame.meta;
        assert.deepEqual({ kind, width, height, stride, fourcc }, { kind: "video", width: 480, height: 270, stride: 1920, fourcc: "AB24" });
        assert.equal(frame.bytes.length, 480 * 270 * 4);
        const colours = new Set();
        for (let at = 0; at < frame.bytes.length; at += 4) {
          if (frame.bytes[at + 3] !== 255) assert.fail(`not opaque at ${at}`);
          colours.add(frame.bytes.readUIntLE(at, 3));
        }
        assert.ok(colours.size > 100, `a landscape of ${colours.size} colours`);
      }
      stream.close();
      assert.equal(await stream.next(), undefined);
    });

    test(`who lags finds a gap by ${tier}`, async () => {
      const stream = await open("render.main", { at: render.at, tiers: [tier], policy: { drop_oldest: { depth: 2 } } });
      let { seq } = await stream.next(PATIENCE_MS);
      for (const until = Date.now() + PATIENCE_MS; !stream.lost && Date.now() < until; ) {
        await sleep(300);
        const frame = await stream.next(PATIENCE_MS);
        assert.equal(frame.seq, seq + frame.lost + 1);
        seq = frame.seq;
      }
      assert.ok(stream.lost > 0);
      stream.close();
    });
  }

  test("both tiers have the same bytes", async () => {
    const options = { at: render.at, policy: { drop_oldest: { depth: 2 } } };
    const streams = await Promise.all(TIERS.map((tier) => open("render.main", { ...options, tiers: [tier] })));
    const found = streams.map(() => new Map());
    let common = [];
    for (const until = Date.now() + PATIENCE_MS; !common.length && Date.now() < until; ) {
      const frames = await Promise.all(streams.map((stream) => stream.next(PATIENCE_MS)));
      frames.forEach((frame, index) => found[index].set(frame.seq, frame.bytes));
      common = [...found[0].keys()].filter((seq) => found[1].has(seq));
    }
    assert.ok(common.length);
    for (const seq of common) assert.ok(found[0].get(seq).equals(found[1].get(seq)));
    streams.forEach((stream) => stream.close());
  });

  test("a wait ends", async () => {
    const stream = await open("render.main", { at: render.at, policy: { sample: { hz: 1 } } });
    await stream.next(PATIENCE_MS);
    await assert.rejects(stream.next(50), TimedOut);
    stream.close();
  });

  test("what is not there is told", async () => {
    const refused = (status) => (error) => error instanceof OpenError && error.status === status;
    await assert.rejects(open("render.nothing", { at: render.at }), refused("NOT_FOUND"));
    await assert.rejects(open("render.main", { at: `${render.at}-nobody` }), refused("UNAVAILABLE"));
  });
});

for (const tier of TIERS) {
  test(`readers come back when the server does, by ${tier}`, async (context) => {
    const render = await new Render().start();
    context.after(() => render.end());
    const stream = await open("render.main", { at: render.at, tiers: [tier] });
    context.after(() => stream.close());
    const { epoch } = await stream.next(PATIENCE_MS);
    await render.kill();
    const again = sleep(300).then(() => render.start());
    let frame = await stream.next(PATIENCE_MS);
    for (const until = Date.now() + PATIENCE_MS; frame.epoch === epoch && Date.now() < until; )
      frame = await stream.next(PATIENCE_MS);
    await again;
    assert.notEqual(frame.epoch, epoch);
    assert.equal(frame.epoch, stream.epoch);
  });
}
