package nearcall.frames;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A region, read by position: nothing is mapped, so nothing that its server does can harm this process, and nothing is
 * pinned, so the server has to hold a frame while it is read.
 */
final class Region implements AutoCloseable {
  /** What a server granted, over gRPC. This is believed, and the region held against it. */
  record Granted(long epoch, long channel, long region, Geometry geometry) {}

  private final FileChannel file;
  private final Granted granted;

  /** Opens the region at a path, and holds it against what was granted. */
  Region(Path path, Granted granted) throws IOException {
    this.granted = granted;
    file = FileChannel.open(path, StandardOpenOption.READ);
    try {
      if (file.size() != granted.geometry.regionBytes()) {
        throw refused("size", "expected a region of %d bytes, found %d", granted.geometry.regionBytes(), file.size());
      }
      check(bytes(0, Layout.HEADER_BYTES));
    } catch (IOException | RuntimeException error) {
      file.close();
      throw error;
    }
  }

  @Override
  public void close() throws IOException {
    file.close();
  }

  /** The newest frame, none before the first. It is torn unless the server holds it for this reader. */
  Optional<Frame> latest() throws IOException {
    long word = bytes(Layout.at("header.latest"), 8).getLong(0);
    if (word == 0) {
      return Optional.empty();
    }
    long slot = word & 0xffff;
    if (slot >= granted.geometry.slots()) {
      throw new FramesException.Damaged(
          String.format("expected a slot below %d, found %d in shared memory", granted.geometry.slots(), slot));
    }
    return Optional.of(frame(word >>> 16, slot));
  }

  boolean isClosed() throws IOException {
    return bytes(Layout.at("header.state"), 8).getLong(0) == Layout.CLOSED;
  }

  /** A copy of frame {@code seq}, which the server holds in {@code slot}. */
  Frame frame(long seq, long slot) throws IOException {
    Geometry geometry = granted.geometry;
    ByteBuffer header = bytes(geometry.slotHeaderAt(slot), Layout.SLOT_BYTES);
    if (header.getLong(Layout.at("slot.stamp")) != seq << 1) {
      throw new FramesException.Overtaken(
          String.format("expected frame %d in slot %d, found that it is written to, or has another", seq, slot));
    }
    // The numbers are the writer's word. Lengths are held against what there is, and nothing else is a place.
    long says = header.getLong(Layout.at("slot.length"));
    boolean fits = Long.compareUnsigned(says, geometry.payloadBytes()) < 0;
    byte[] payload = bytes(geometry.payloadAt(slot), (int) (fits ? says : geometry.payloadBytes())).array();
    int metaLength = Math.min(header.getShort(Layout.at("slot.meta_length")) & 0xffff, Layout.META_BYTES);
    int meta = Layout.at("slot.meta");
    int user = Layout.at("slot.user");
    boolean hasCrc = (header.getInt(Layout.at("slot.flags")) & Layout.HAS_CRC) != 0;
    long crc = Integer.toUnsignedLong(header.getInt(Layout.at("slot.crc")));
    return new Frame(
        seq,
        payload,
        Meta.parse(
            header.getShort(Layout.at("slot.meta_kind")) & 0xffff,
            Arrays.copyOfRange(header.array(), meta, meta + metaLength)),
        header.getLong(Layout.at("slot.captured")),
        header.getLong(Layout.at("slot.published")),
        hasCrc ? OptionalLong.of(crc) : OptionalLong.empty(),
        Arrays.copyOfRange(header.array(), user, user + Layout.USER_BYTES),
        granted.epoch,
        0);
  }

  private ByteBuffer bytes(long at, int length) throws IOException {
    ByteBuffer found = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    while (found.hasRemaining()) {
      if (file.read(found, at + found.position()) < 0) {
        throw refused("size", "expected %d bytes at %d, found %d", length, at, found.position());
      }
    }
    return found;
  }

  private void check(ByteBuffer header) {
    if (header.getLong(0) != Layout.MAGIC) {
      throw refused("magic", "expected a frame channel, found something that begins with %x", header.getLong(0));
    }
    int major = header.getShort(Layout.at("header.abi")) & 0xffff;
    if (major != Layout.MAJOR) {
      throw refused("version", "expected version %d of the layout, found %d; use peers of one version", Layout.MAJOR, major);
    }
    long hash = header.getLong(Layout.at("header.layout_hash"));
    if (hash != Layout.HASH) {
      throw refused("layout", "expected a layout with the hash %x, found %x", Layout.HASH, hash);
    }
    long payloadBytes = header.getLong(Layout.at("header.payload_bytes"));
    Geometry says = new Geometry(unsigned(header, "slots"), payloadBytes, unsigned(header, "history"));
    follows("header_bytes", Layout.HEADER_BYTES, unsigned(header, "header_bytes"));
    follows("ring_length", says.slots(), unsigned(header, "ring_length"));
    follows("stride", says.stride(), header.getLong(Layout.at("header.stride")));
    follows("ring_at", Layout.HEADER_BYTES, header.getLong(Layout.at("header.ring_at")));
    follows("slot_headers_at", says.slotHeadersAt(), header.getLong(Layout.at("header.slot_headers_at")));
    follows("payloads_at", says.payloadsAt(), header.getLong(Layout.at("header.payloads_at")));
    follows("region_bytes", says.regionBytes(), header.getLong(Layout.at("header.region_bytes")));
    Granted found =
        new Granted(
            header.getLong(Layout.at("header.epoch")),
            header.getLong(Layout.at("header.channel")),
            header.getLong(Layout.at("header.region")),
            granted.geometry);
    if (!found.equals(granted)) {
      throw refused("identity", "expected %s, found %s; ask the server again", granted, found);
    }
    if (!says.equals(granted.geometry)) {
      throw refused("geometry", "expected %s, found %s; ask the server again", granted.geometry, says);
    }
  }

  private static long unsigned(ByteBuffer header, String field) {
    return Integer.toUnsignedLong(header.getInt(Layout.at("header." + field)));
  }

  private static void follows(String field, long expected, long found) {
    if (found != expected) {
      throw refused("field", "expected %s to be %d, which follows from the slots, found %d", field, expected, found);
    }
  }

  private static FramesException.Refused refused(String reason, String format, Object... arguments) {
    return new FramesException.Refused(reason, String.format(format, arguments));
  }
}
