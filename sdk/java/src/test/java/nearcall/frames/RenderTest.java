package nearcall.frames;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Status;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import nearcall.frames.v1.FramesOuterClass.DropOldest;
import nearcall.frames.v1.FramesOuterClass.Policy;
import nearcall.frames.v1.FramesOuterClass.Sample;
import nearcall.frames.v1.FramesOuterClass.Tier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames of the real `render`, in both tiers. */
class RenderTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Policy IN_TURN =
      Policy.newBuilder().setDropOldest(DropOldest.newBuilder().setDepth(2)).build();

  private static Render render;

  @BeforeAll
  static void start() throws Exception {
    render = new Render().start();
  }

  @AfterAll
  static void end() throws Exception {
    render.close();
  }

  private static Options options(boolean proc) {
    return Options.DEFAULT.withAt(render.at()).withProc(proc);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void picturesCome(boolean proc) throws Exception {
    try (FrameStream stream = FrameStream.open("render.main", options(proc))) {
      assertEquals(proc ? Tier.TIER_PROC : Tier.TIER_INLINE, stream.tier());
      long before = 0;
      for (int count = 0; count < 5; count++) {
        Frame frame = stream.next(PATIENCE).orElseThrow();
        assertTrue(frame.seq() > before);
        assertEquals(stream.epoch(), frame.epoch());
        before = frame.seq();
        assertEquals(new Meta.Video(480, 270, 1920, "AB24", java.util.List.of()), frame.meta());
        assertEquals(480 * 270 * 4, frame.bytes().length);
        Set<Integer> colours = new HashSet<>();
        for (int at = 0; at < frame.bytes().length; at += 4) {
          assertEquals(-1, frame.bytes()[at + 3], "opaque");
          colours.add((frame.bytes()[at] & 0xff) << 16 | (frame.bytes()[at + 1] & 0xff) << 8 | frame.bytes()[at + 2] & 0xff);
        }
        assertTrue(colours.size() > 100, "a landscape of " + colours.size() + " colours");
      }
      stream.close();
      assertTrue(stream.next(PATIENCE).isEmpty());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whoLagsFindsAGap(boolean proc) throws Exception {
    try (FrameStream stream = FrameStream.open("render.main", options(proc).withPolicy(IN_TURN))) {
      long seq = stream.next(PATIENCE).orElseThrow().seq();
      long until = System.nanoTime() + PATIENCE.toNanos();
      while (stream.lost() == 0 && System.nanoTime() < until) {
        Thread.sleep(300);
        Frame frame = stream.next(PATIENCE).orElseThrow();
        assertEquals(seq + frame.lost() + 1, frame.seq());
        seq = frame.seq();
      }
      assertTrue(stream.lost() > 0);
    }
  }

  @Test
  void bothTiersHaveTheSameBytes() throws Exception {
    try (FrameStream one = FrameStream.open("render.main", options(true).withPolicy(IN_TURN));
        FrameStream other = FrameStream.open("render.main", options(false).withPolicy(IN_TURN))) {
      Map<Long, byte[]> found = new HashMap<>();
      int common = 0;
      long until = System.nanoTime() + PATIENCE.toNanos();
      while (common == 0 && System.nanoTime() < until) {
        for (FrameStream stream : new FrameStream[] {one, other}) {
          Frame frame = stream.next(PATIENCE).orElseThrow();
          byte[] before = found.put(frame.seq(), frame.bytes());
          if (before != null) {
            common++;
            assertArrayEquals(before, frame.bytes());
          }
        }
      }
      assertTrue(common > 0, "a frame came to both");
    }
  }

  @Test
  void aWaitEnds() throws Exception {
    Policy sample = Policy.newBuilder().setSample(Sample.newBuilder().setHz(1)).build();
    try (FrameStream stream = FrameStream.open("render.main", options(true).withPolicy(sample))) {
      assertFalse(stream.next(PATIENCE).isEmpty());
      assertThrows(TimeoutException.class, () -> stream.next(Duration.ofMillis(50)));
    }
  }

  @Test
  void whatIsNotThereIsTold() {
    var refused =
        assertThrows(FramesException.Open.class, () -> FrameStream.open("render.nothing", options(true)));
    assertEquals(Status.Code.NOT_FOUND, refused.status());
    Options nobody = Options.DEFAULT.withAt(render.at() + "-nobody");
    refused = assertThrows(FramesException.Open.class, () -> FrameStream.open("render.main", nobody));
    assertEquals(Status.Code.UNAVAILABLE, refused.status());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void readersComeBackWhenTheServerDoes(boolean proc) throws Exception {
    try (Render own = new Render().start();
        FrameStream stream = FrameStream.open("render.main", Options.DEFAULT.withAt(own.at()).withProc(proc))) {
      long epoch = stream.next(PATIENCE).orElseThrow().epoch();
      own.kill();
      own.start();
      Frame frame = stream.next(PATIENCE).orElseThrow();
      long until = System.nanoTime() + PATIENCE.toNanos();
      while (frame.epoch() == epoch && System.nanoTime() < until) {
        frame = stream.next(PATIENCE).orElseThrow();
      }
      assertNotEquals(epoch, frame.epoch());
      assertEquals(stream.epoch(), frame.epoch());
    }
  }
}
