package nearcall.frames;

/** How a region is divided. Checked once; offsets that come out of it lie in the region. */
record Geometry(long slots, long payloadBytes, long history) {
  private static final long SLOTS_MAX = 4096;
  private static final long PAYLOAD_BYTES_MAX = 1L << 30;
  private static final long REGION_BYTES_MAX = 1L << 34;

  Geometry {
    if (slots < history + 2 || slots > SLOTS_MAX) {
      throw refused("expected %d to %d slots, found %d", history + 2, SLOTS_MAX, slots);
    }
    if (payloadBytes < 1 || payloadBytes > PAYLOAD_BYTES_MAX) {
      throw refused("expected frames of 1 to %d bytes, found %d", PAYLOAD_BYTES_MAX, payloadBytes);
    }
    if (slots * wholePages(payloadBytes) > REGION_BYTES_MAX) {
      throw refused("expected %d bytes at most, found %d slots of %d", REGION_BYTES_MAX, slots, payloadBytes);
    }
  }

  private static FramesException.Refused refused(String format, Object... arguments) {
    return new FramesException.Refused("geometry", String.format(format, arguments));
  }

  private static long wholePages(long length) {
    return (length + Layout.PAGE_BYTES - 1) / Layout.PAGE_BYTES * Layout.PAGE_BYTES;
  }

  long stride() {
    return wholePages(payloadBytes);
  }

  long slotHeadersAt() {
    return Layout.HEADER_BYTES + Layout.DESCRIPTOR_BYTES * slots;
  }

  long payloadsAt() {
    return wholePages(slotHeadersAt() + Layout.SLOT_BYTES * slots);
  }

  long regionBytes() {
    return payloadsAt() + stride() * slots;
  }

  long slotHeaderAt(long slot) {
    return slotHeadersAt() + Layout.SLOT_BYTES * slot;
  }

  long payloadAt(long slot) {
    return payloadsAt() + stride() * slot;
  }

  /** The slot whose payload begins there; -1 where none does. */
  long slotAt(long offset) {
    long beyond = offset - payloadsAt();
    long slot = beyond / stride();
    return beyond >= 0 && beyond % stride() == 0 && slot < slots ? slot : -1;
  }
}
