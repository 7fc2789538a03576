package nearcall.frames;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import nearcall.frames.v1.FramesGrpc;
import nearcall.frames.v1.FramesOuterClass.OpenRequest;
import nearcall.frames.v1.FramesOuterClass.OpenResponse;
import nearcall.frames.v1.FramesOuterClass.Tier;

/**
 * The frames of one channel. Where the server is gone or starts anew, it attaches again by itself. It is for one thread;
 * several channels are several threads.
 */
public final class FrameStream implements AutoCloseable {
  private static final long CALL_TIMEOUT_MS = 10_000;
  private static final long REATTACH_TIMEOUT_MS = 60_000;
  private static final long PAUSE_MIN_MS = 10;
  private static final long PAUSE_MAX_MS = 500;
  private static final Set<Status.Code> MAY_COME_BACK =
      EnumSet.of(
          Status.Code.UNAVAILABLE, Status.Code.NOT_FOUND, Status.Code.RESOURCE_EXHAUSTED, Status.Code.DEADLINE_EXCEEDED);

  private final String name;
  private final Options options;
  private Subscription subscription;
  private long epoch;
  private long lost;
  private long unsaid;
  private boolean closed;

  private FrameStream(String name, Options options) {
    this.name = name;
    this.options = options;
  }

  /** Opens a channel by its name, as {@code render.main} or {@code arena/render.main}. */
  public static FrameStream open(String channel, Options options) {
    String at = options.at() == null ? Address.serverOf(channel) : options.at();
    FrameStream stream = new FrameStream(channel.substring(channel.indexOf('/') + 1), options.withAt(at));
    stream.attach();
    return stream;
  }

  /** The next frame by the policy; none when the writer has ended the channel. */
  public Optional<Frame> next(Duration timeout) throws TimeoutException, InterruptedException {
    long until = System.nanoTime() + timeout.toNanos();
    while (!closed) {
      if (subscription == null) {
        attachAgain(until);
      }
      Subscription.Came came = subscription.next(until);
      if (came.frame() != null) {
        long before = unsaid;
        unsaid = 0;
        return Optional.of(came.frame().afterLosing(before));
      }
      lost += came.gap();
      unsaid += came.gap();
      closed = came.end() == Subscription.Ending.CLOSED;
      if (came.end() != Subscription.Ending.NONE) {
        drop();
      }
    }
    return Optional.empty();
  }

  /** How frames come at the moment; {@code TIER_UNSPECIFIED} while the channel is opened again. */
  public Tier tier() {
    return subscription == null ? Tier.TIER_UNSPECIFIED : subscription.tier();
  }

  /** The number of the server's start: another after it started anew. */
  public long epoch() {
    return epoch;
  }

  /** Frames lost since the channel was opened, by the gaps that the policy allows. */
  public long lost() {
    return lost;
  }

  /** Ends the subscription. */
  @Override
  public void close() {
    closed = true;
    drop();
  }

  private void drop() {
    if (subscription != null) {
      subscription.close();
      subscription = null;
    }
  }

  private void attachAgain(long until) throws TimeoutException, InterruptedException {
    long patience = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(REATTACH_TIMEOUT_MS);
    for (long pause = PAUSE_MIN_MS; ; pause = Math.min(2 * pause, PAUSE_MAX_MS)) {
      try {
        attach();
        return;
      } catch (FramesException.Open error) {
        if (!MAY_COME_BACK.contains(error.status()) || System.nanoTime() - patience > 0) {
          throw error;
        }
      }
      if (System.nanoTime() - until > 0) {
        throw new TimeoutException("no frame of " + name + " came in time; its server is gone");
      }
      Thread.sleep(pause);
    }
  }

  /** Opens the channel by the best way that works; whether memory can be had is known once it was tried. */
  private void attach() {
    String target = Address.dialTarget(options.at(), System.getenv());
    // A connection of its own: a ticket is good while the connection lasts that asked for it.
    ManagedChannel channel = Grpc.newChannelBuilder(target, InsecureChannelCredentials.create()).build();
    try {
      boolean proc = options.proc();
      OpenRequest.Builder request =
          OpenRequest.newBuilder()
              .setChannel(name)
              .setPolicy(options.policy())
              .setPins(options.pins())
              .setInlineBelow(options.inlineBelow());
      while (true) {
        request.clearTiers().addTiers(Tier.TIER_INLINE);
        if (proc) {
          request.addTiers(Tier.TIER_PROC);
        }
        OpenResponse answer =
            FramesGrpc.newBlockingStub(channel)
                .withDeadlineAfter(CALL_TIMEOUT_MS, TimeUnit.MILLISECONDS)
                .open(request.build());
        try {
          subscription = new Subscription(channel, answer);
          epoch = answer.getRegion().getEpoch();
          return;
        } catch (IOException | FramesException.Refused error) {
          if (!proc) {
            throw new FramesException(name + " could not be read", error);
          }
          // A /proc may be another container's.
          proc = false;
          request.setInsteadOf(answer.getTicket());
        }
      }
    } catch (StatusRuntimeException error) {
      channel.shutdownNow();
      Status status = error.getStatus();
      String message = name + " at " + options.at() + ": " + status.getDescription();
      throw new FramesException.Open(message, status.getCode(), error);
    } catch (RuntimeException error) {
      channel.shutdownNow();
      throw error;
    }
  }
}
