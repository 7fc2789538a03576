package nearcall.frames;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** Where everything stands in a region, as docs/frames.md has it: version 1.0, offsets in bytes. */
final class Layout {
  static final long MAGIC = 0x0a0d_4d41_5246_4e89L;
  static final int MAJOR = 1;
  static final int HEADER_BYTES = 256;
  static final int DESCRIPTOR_BYTES = 64;
  static final int SLOT_BYTES = 256;
  static final int PAGE_BYTES = 4096;
  static final int META_BYTES = 160;
  static final int USER_BYTES = 24;
  static final int HAS_CRC = 1;
  static final long CLOSED = 3;

  /** Name, offset and length. */
  record Field(String name, int at, int bytes) {}

  /** In the order that the layout's hash goes by. */
  static final List<Field> FIELDS =
      List.of(
          new Field("header.magic", 0, 8),
          new Field("header.abi", 8, 4),
          new Field("header.header_bytes", 12, 4),
          new Field("header.epoch", 16, 8),
          new Field("header.channel", 24, 8),
          new Field("header.region", 32, 8),
          new Field("header.slots", 40, 4),
          new Field("header.history", 44, 4),
          new Field("header.stride", 48, 8),
          new Field("header.payload_bytes", 56, 8),
          new Field("header.ring_at", 64, 8),
          new Field("header.ring_length", 72, 4),
          new Field("header.slot_headers_at", 80, 8),
          new Field("header.payloads_at", 88, 8),
          new Field("header.region_bytes", 96, 8),
          new Field("header.layout_hash", 104, 8),
          new Field("header.latest", 128, 8),
          new Field("header.notify", 136, 8),
          new Field("header.state", 144, 8),
          new Field("header.published", 192, 8),
          new Field("header.dropped", 200, 8),
          new Field("header.without_slot", 208, 8),
          new Field("descriptor.stamp", 0, 8),
          new Field("descriptor.slot", 8, 4),
          new Field("descriptor.flags", 12, 4),
          new Field("descriptor.length", 16, 8),
          new Field("descriptor.time", 24, 8),
          new Field("descriptor.crc", 32, 4),
          new Field("descriptor.user", 40, 24),
          new Field("slot.stamp", 0, 8),
          new Field("slot.length", 8, 8),
          new Field("slot.progress", 16, 8),
          new Field("slot.captured", 24, 8),
          new Field("slot.published", 32, 8),
          new Field("slot.crc", 40, 4),
          new Field("slot.meta_kind", 44, 2),
          new Field("slot.meta_length", 46, 2),
          new Field("slot.user", 48, 24),
          new Field("slot.flags", 72, 4),
          new Field("slot.meta", 96, 160),
          new Field("page.consumed", 0, 8),
          new Field("page.wake_after", 8, 8),
          new Field("page.pins", 64, 128));

  /** FNV-1a over the fields: another number means another layout. */
  static final long HASH = hash();

  private Layout() {}

  static int at(String name) {
    for (Field field : FIELDS) {
      if (field.name.equals(name)) {
        return field.at;
      }
    }
    throw new IllegalArgumentException(name);
  }

  private static long hash() {
    long hash = 0xcbf29ce484222325L;
    for (Field field : FIELDS) {
      byte[] name = field.name.getBytes(StandardCharsets.US_ASCII);
      for (byte one : name) {
        hash = (hash ^ (one & 0xff)) * 0x100000001b3L;
      }
      for (long number : new long[] {field.at, field.bytes}) {
        for (int shift = 0; shift < 32; shift += 8) {
          hash = (hash ^ (number >>> shift & 0xff)) * 0x100000001b3L;
        }
      }
    }
    return hash;
  }
}
