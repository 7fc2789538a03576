package nearcall.frames;

import java.util.OptionalLong;

/**
 * A frame, copied: it is this process's own.
 *
 * @param seq its number, within the epoch
 * @param bytes the bytes
 * @param meta what they are
 * @param captured when what it shows was so, in nanoseconds since 1970; 0 when not said
 * @param published when it was published, in nanoseconds since 1970
 * @param crc the CRC-32 of its bytes (zlib's), when the writer gave one
 * @param user 24 bytes of the user's own
 * @param epoch the server's start that it is of
 * @param lost how many frames were lost right before it, where the policy is to get each in turn
 */
public record Frame(
    long seq, byte[] bytes, Meta meta, long captured, long published, OptionalLong crc, byte[] user, long epoch, long lost) {
  Frame withBytes(byte[] bytes) {
    return new Frame(seq, bytes, meta, captured, published, crc, user, epoch, lost);
  }

  Frame afterLosing(long lost) {
    return new Frame(seq, bytes, meta, captured, published, crc, user, epoch, lost);
  }
}
