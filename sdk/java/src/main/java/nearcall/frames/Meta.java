package nearcall.frames;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** What a frame's bytes are. */
public sealed interface Meta {
  /** Up to 160 bytes that only the channel's user understands. */
  record Opaque(byte[] bytes) implements Meta {}

  /** Rows of {@code stride} bytes, top first; {@code fourcc} is of drm_fourcc.h: AB24 for bytes R, G, B, A. */
  record Video(int width, int height, int stride, String fourcc, List<Rectangle> damage) implements Meta {}

  /** A part of a picture, in pixels. It is the writer's word, and may reach beyond the picture. */
  record Rectangle(int x, int y, int width, int height) {}

  /** Samples, those of one moment side by side. {@code format} is 1 for 16 bits, 2 for floating point of 32. */
  record Audio(int rate, int channels, int format, long pts, int moments) implements Meta {}

  /** A world (kind 1), or what changed in it since frame {@code base} (kind 2). */
  record State(long schema, long base, int kind) implements Meta {}

  /** Of a kind that this version does not know, or not as its kind has to be. The bytes are still a frame. */
  record Unknown(int kind) implements Meta {}

  /** Reads meta as it stands in a slot's header. */
  static Meta parse(int kind, byte[] said) {
    ByteBuffer bytes = ByteBuffer.wrap(said).order(ByteOrder.LITTLE_ENDIAN);
    if (kind == 0) {
      return new Opaque(said);
    }
    if (kind == 1 && said.length >= 32) {
      int damaged = bytes.getInt(16);
      if (damaged >= 0 && damaged <= 8 && said.length >= 32 + 16 * damaged) {
        List<Rectangle> damage = new ArrayList<>();
        for (int at = 32; at < 32 + 16 * damaged; at += 16) {
          damage.add(new Rectangle(bytes.getInt(at), bytes.getInt(at + 4), bytes.getInt(at + 8), bytes.getInt(at + 12)));
        }
        String fourcc = new String(said, 12, 4, StandardCharsets.ISO_8859_1);
        return new Video(bytes.getInt(0), bytes.getInt(4), bytes.getInt(8), fourcc, List.copyOf(damage));
      }
    }
    if (kind == 2 && said.length >= 24) {
      int format = bytes.getShort(6) & 0xffff;
      if (format == 1 || format == 2) {
        return new Audio(bytes.getInt(0), bytes.getShort(4) & 0xffff, format, bytes.getLong(8), bytes.getInt(16));
      }
    }
    if (kind == 3 && said.length >= 24) {
      int state = bytes.getInt(16);
      if (state == 1 || state == 2) {
        return new State(bytes.getLong(0), bytes.getLong(8), state);
      }
    }
    return new Unknown(kind);
  }

  /** Reads meta of a message. */
  static Meta of(nearcall.frames.v1.FramesOuterClass.FrameInfo info) {
    switch (info.getMetaCase()) {
      case OPAQUE:
        return new Opaque(info.getOpaque().toByteArray());
      case VIDEO:
        var video = info.getVideo();
        List<Rectangle> damage = new ArrayList<>();
        for (var one : video.getDamageList()) {
          damage.add(new Rectangle(one.getX(), one.getY(), one.getWidth(), one.getHeight()));
        }
        String fourcc = video.getFourcc().toString(StandardCharsets.ISO_8859_1);
        return new Video(video.getWidth(), video.getHeight(), video.getStride(), fourcc, List.copyOf(damage));
      case AUDIO:
        var audio = info.getAudio();
        return new Audio(audio.getRate(), audio.getChannels(), audio.getFormatValue(), audio.getPts(), audio.getMoments());
      case STATE:
        var state = info.getState();
        return new State(state.getSchema(), state.getBase(), state.getKindValue());
      default:
        return new Unknown(0xffff);
    }
  }
}
