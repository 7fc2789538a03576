package nearcall.frames;

import nearcall.frames.v1.FramesOuterClass.Latest;
import nearcall.frames.v1.FramesOuterClass.Policy;

/**
 * What a reader wants.
 *
 * @param at the server's name or address; null where the channel's name begins with it
 * @param policy which frames come
 * @param pins how many frames the server holds for this reader at once, 1 to 16
 * @param proc whether frames may be read through {@code /proc}; inline they always may come
 * @param inlineBelow bytes of a frame below which a channel comes inline
 */
public record Options(String at, Policy policy, int pins, boolean proc, long inlineBelow) {
  /** The newest frame each time, through {@code /proc} where that can be. */
  public static final Options DEFAULT =
      new Options(null, Policy.newBuilder().setLatest(Latest.getDefaultInstance()).build(), 2, true, 65_536);

  public Options withAt(String at) {
    return new Options(at, policy, pins, proc, inlineBelow);
  }

  public Options withPolicy(Policy policy) {
    return new Options(at, policy, pins, proc, inlineBelow);
  }

  public Options withProc(boolean proc) {
    return new Options(at, policy, pins, proc, inlineBelow);
  }
}
