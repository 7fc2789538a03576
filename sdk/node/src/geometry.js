import { DESCRIPTOR_BYTES, HEADER_BYTES, PAGE_BYTES, SLOT_BYTES } from "./layout.js";
import { RegionRefused } from "./errors.js";

const SLOTS_MAX = 4096;
const PAYLOAD_BYTES_MAX = 2 ** 30;
const REGION_BYTES_MAX = 2 ** 34;

const wholePages = (length) => Math.ceil(length / PAGE_BYTES) * PAGE_BYTES;

/** How a region is divided. Checked once; offsets that come out of it lie in the region. */
export class Geometry {
  constructor(slots, payloadBytes, history) {
    Object.assign(this, { slots, payloadBytes, history });
    this.stride = wholePages(payloadBytes);
    this.slotHeadersAt = HEADER_BYTES + DESCRIPTOR_BYTES * slots;
    this.payloadsAt = wholePages(this.slotHeadersAt + SLOT_BYTES * slots);
    this.regionBytes = this.payloadsAt + this.stride * slots;
    if (!(slots >= history + 2 && slots <= SLOTS_MAX))
      throw new RegionRefused("geometry", `expected ${history + 2} to ${SLOTS_MAX} slots, found ${slots}`);
    if (!(payloadBytes >= 1 && payloadBytes <= PAYLOAD_BYTES_MAX))
      throw new RegionRefused("geometry", `expected frames of 1 to ${PAYLOAD_BYTES_MAX} bytes, found ${payloadBytes}`);
    if (this.regionBytes > REGION_BYTES_MAX)
      throw new RegionRefused("geometry", `expected ${REGION_BYTES_MAX} bytes at most, found ${this.regionBytes}`);
  }

  slotHeaderAt(slot) {
    return this.slotHeadersAt + SLOT_BYTES * slot;
  }

  payloadAt(slot) {
    return this.payloadsAt + this.stride * slot;
  }

  /** The slot whose payload begins there. */
  slotAt(offset) {
    const slot = (offset - this.payloadsAt) / this.stride;
    return Number.isInteger(slot) && slot >= 0 && slot < this.slots ? slot : undefined;
  }
}
