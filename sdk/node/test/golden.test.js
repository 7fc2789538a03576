/** The files that readers in every language read, bad ones included. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

import { dialTarget, split } from "../src/address.js";
import { Damaged, OpenError, Overtaken, RegionRefused } from "../src/errors.js";
import { Geometry } from "../src/geometry.js";
import { AT, FIELDS, LAYOUT_HASH, STATE } from "../src/layout.js";
import { Region } from "../src/region.js";

const path = (file) => fileURLToPath(new URL(`../../../testdata/frames/${file}`, import.meta.url));
// Times have more digits than a number holds.
const text = readFileSync(path("cases.json"), "utf8").replace(/(\d{16,})(?=[,\s])/g, '"$1"');
const list = JSON.parse(text);
const says = list.granted;
const granted = {
  ...Object.fromEntries(["epoch", "channel", "region"].map((name) => [name, BigInt(`0x${says[name]}`)])),
  geometry: new Geometry(says.slots, says.payload_bytes, says.history),
};

const described = (meta) =>
  ({
    opaque: () => ({ ...meta, bytes: meta.bytes.toString("hex") }),
    video: () => ({ ...meta, damage: meta.damage.map(({ x, y, width, height }) => [x, y, width, height]) }),
    audio: () => ({ ...meta, pts: Number(meta.pts) }),
    state: () => ({ ...meta, schema: meta.schema.toString(16).padStart(16, "0"), base: Number(meta.base) }),
    unknown: () => meta,
  })[meta.kind]();

test("the layout is the list's", () => {
  assert.deepEqual(FIELDS, list.fields.map(({ name, at, bytes }) => [name, at, bytes]));
  assert.equal(LAYOUT_HASH.toString(16), list.layout_hash);
});

test("there are cases", () => assert.ok(list.cases.length >= 17));

for (const { file, what, finds } of list.cases) {
  test(`${file}: ${what}`, async (context) => {
    if (finds.refused) {
      assert.throws(() => new Region(path(file), granted), (error) => error instanceof RegionRefused && error.reason === finds.refused);
      return;
    }
    const region = new Region(path(file), granted);
    context.after(() => region.close());
    if (finds.no_frame) {
      const expected = { damaged: Damaged, overtaken: Overtaken }[finds.no_frame];
      if (expected) await assert.rejects(region.latest(), expected);
      else assert.equal(await region.latest(), undefined);
      return;
    }
    const frame = await region.latest();
    const { slot, ...expected } = finds.frame;
    assert.equal(granted.geometry.slotAt(granted.geometry.payloadAt(slot)), slot);
    const found = {
      seq: frame.seq,
      payload: frame.bytes.toString("hex"),
      captured: String(frame.captured),
      published: String(frame.published),
      crc: frame.crc,
      user: frame.user.toString("hex"),
      meta: described(frame.meta),
    };
    assert.deepEqual(found, expected);
    assert.equal(region.state(), file === "closed.region" ? STATE.closed : STATE.live);
  });
}

test("the return page is where the layout says", () => {
  const page = readFileSync(path(list.return_page.file));
  assert.equal(Number(page.readBigUInt64LE(AT["page.consumed"])), list.return_page.consumed);
  assert.equal(Number(page.readBigUInt64LE(AT["page.wake_after"])), list.return_page.wake_after);
  assert.equal(Number(page.readBigUInt64LE(AT["page.pins"])), list.return_page.pins[0]);
});

test("a region of another size is refused", () => {
  const larger = { ...granted, geometry: new Geometry(4, 32, 0) };
  assert.throws(() => new Region(path("opaque.region"), larger), (error) => error.reason === "size");
});

test("names lead to sockets", () => {
  const run = { XDG_RUNTIME_DIR: "/run/user/7" };
  assert.equal(dialTarget("render", run), "unix:///run/user/7/nearcall/default/render.sock");
  assert.equal(dialTarget("render", { ...run, NEARCALL_WORLD: "arena" }), "unix:///run/user/7/nearcall/arena/render.sock");
  assert.equal(dialTarget("render.2", { NEARCALL_ADDRESS_RENDER_2: "unix:/tmp/r.sock" }), "unix:///tmp/r.sock");
  assert.equal(dialTarget("unix:///tmp/a.sock", {}), "unix:///tmp/a.sock");
  assert.equal(dialTarget("http://127.0.0.1:4000", {}), "127.0.0.1:4000");
  for (const wrong of ["", "Render", "../render", "a/b/c", "file:/tmp/a"])
    assert.throws(() => dialTarget(wrong, run), OpenError, wrong);
  assert.deepEqual(split("arena.1/render.main"), { at: "arena.1/render", name: "render.main" });
});
