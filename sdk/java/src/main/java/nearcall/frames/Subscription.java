package nearcall.frames;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import nearcall.frames.v1.FramesGrpc;
import nearcall.frames.v1.FramesOuterClass.Credit;
import nearcall.frames.v1.FramesOuterClass.End;
import nearcall.frames.v1.FramesOuterClass.FrameInfo;
import nearcall.frames.v1.FramesOuterClass.FrameRef;
import nearcall.frames.v1.FramesOuterClass.Gap;
import nearcall.frames.v1.FramesOuterClass.LetGo;
import nearcall.frames.v1.FramesOuterClass.OpenResponse;
import nearcall.frames.v1.FramesOuterClass.Start;
import nearcall.frames.v1.FramesOuterClass.SubscribeRequest;
import nearcall.frames.v1.FramesOuterClass.SubscribeResponse;
import nearcall.frames.v1.FramesOuterClass.Tier;

/** A stream of frames: their bytes, or references, which are read by position and let go of at once. */
final class Subscription {
  /** Frames that may come before more are asked for: one to look at while the next is under way. */
  private static final int CREDIT = 2;

  enum Ending {
    NONE,
    CLOSED,
    /** Another region took the place, or the server is gone: open the channel again. */
    GONE
  }

  record Came(Frame frame, long gap, Ending end) {}

  /** What the stream brought; both are null at its end. */
  private record Event(SubscribeResponse said, Throwable error) {}

  private final ManagedChannel channel;
  private final Tier tier;
  private final Region.Granted granted;
  private final Region region;
  // What may come is bounded by the credit.
  private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final Observer observer = new Observer();
  private Frame begun;
  private ByteString pieces = ByteString.EMPTY;
  private long length;
  private boolean owed;

  Subscription(ManagedChannel channel, OpenResponse answer) throws IOException {
    this.channel = channel;
    var says = answer.getRegion();
    var divided = says.getGeometry();
    Geometry geometry = new Geometry(divided.getSlots(), divided.getPayloadBytes(), divided.getHistory());
    granted = new Region.Granted(says.getEpoch(), says.getChannel(), says.getRegion(), geometry);
    tier = answer.getTier();
    region = tier == Tier.TIER_PROC ? new Region(Path.of(says.getPath()), granted) : null;
    FramesGrpc.newStub(channel).subscribe(observer);
    observer.say(SubscribeRequest.newBuilder().setStart(Start.newBuilder().setTicket(answer.getTicket()).setCredit(CREDIT)));
  }

  Tier tier() {
    return tier;
  }

  void close() {
    observer.up.cancel("the reader has had enough", null);
    channel.shutdownNow();
    try {
      if (region != null) {
        region.close();
      }
    } catch (IOException error) {
      // It was only read.
    }
  }

  Came next(long until) throws TimeoutException, InterruptedException {
    if (owed) {
      owed = false;
      observer.say(SubscribeRequest.newBuilder().setCredit(Credit.newBuilder().setFrames(1)));
    }
    while (true) {
      Event event = events.poll(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS);
      if (event == null) {
        throw new TimeoutException("no frame came in time");
      }
      Came came = take(event);
      if (came != null) {
        owed = came.frame != null;
        return came;
      }
    }
  }

  private Came take(Event event) {
    if (event.error != null) {
      Status status = Status.fromThrowable(event.error);
      if (status.getCode() != Status.Code.UNAVAILABLE && status.getCode() != Status.Code.CANCELLED) {
        throw new FramesException("the server ended the frames: " + status.getDescription(), event.error);
      }
    }
    if (event.said == null) {
      return ended(Ending.GONE);
    }
    switch (event.said.getEventCase()) {
      case FRAME:
        return begin(event.said.getFrame());
      case CHUNK:
        return goOn(event.said.getChunk().getBytes());
      case GAP:
        Gap gap = event.said.getGap();
        return new Came(null, gap.getLast() - gap.getFirst() + 1, Ending.NONE);
      case END:
        return howItEnded(event.said.getEnd());
      default:
        return null; // Something that a later version says.
    }
  }

  private static Came ended(Ending ending) {
    return new Came(null, 0, ending);
  }

  private static Came howItEnded(End end) {
    switch (end.getEnding()) {
      case ENDING_CLOSED:
        return ended(Ending.CLOSED);
      case ENDING_RETIRED:
        return ended(Ending.GONE);
      case ENDING_EVICTED:
        throw new FramesException.Evicted();
      default:
        throw new FramesException.Broken("expected an end of a kind that is known, found " + end.getEnding());
    }
  }

  private Came begin(nearcall.frames.v1.FramesOuterClass.Frame said) {
    FrameInfo info = said.getInfo();
    OptionalLong crc = info.hasCrc() ? OptionalLong.of(Integer.toUnsignedLong(info.getCrc())) : OptionalLong.empty();
    begun =
        new Frame(
            info.getSeq(),
            null,
            Meta.of(info),
            info.getCapturedNs(),
            info.getPublishedNs(),
            crc,
            info.getUser().toByteArray(),
            granted.epoch(),
            0);
    if (said.getBody().hasFrame()) {
      return refer(said.getBody().getFrame());
    }
    pieces = ByteString.EMPTY;
    length = said.getLength();
    if (Long.compareUnsigned(length, granted.geometry().payloadBytes()) > 0) {
      throw new FramesException.Broken("expected a frame no longer than its channel's slots, found " + length);
    }
    return goOn(said.getBody().getInline());
  }

  private Came goOn(ByteString piece) {
    if (begun == null) {
      throw new FramesException.Broken("expected a frame before its pieces");
    }
    pieces = pieces.concat(piece);
    if (pieces.size() > length) {
      throw new FramesException.Broken("expected a frame as long as it was said to be, " + length);
    }
    if (pieces.size() < length) {
      return null;
    }
    return whole(pieces.toByteArray());
  }

  private Came whole(byte[] bytes) {
    Frame frame = begun.withBytes(bytes);
    begun = null;
    pieces = ByteString.EMPTY;
    return new Came(frame, 0, Ending.NONE);
  }

  private Came refer(FrameRef reference) {
    long slot = granted.geometry().slotAt(reference.getOffset());
    if (region == null || slot < 0) {
      throw new FramesException.Broken("expected a reference to a frame of the region");
    }
    try {
      return whole(region.frame(reference.getSeq(), slot).bytes());
    } catch (IOException error) {
      throw new FramesException("reading frame " + reference.getSeq() + " failed", error);
    } finally {
      observer.say(SubscribeRequest.newBuilder().setRelease(LetGo.newBuilder().setSeq(reference.getSeq())));
    }
  }

  private final class Observer implements ClientResponseObserver<SubscribeRequest, SubscribeResponse> {
    private ClientCallStreamObserver<SubscribeRequest> up;

    @Override
    public void beforeStart(ClientCallStreamObserver<SubscribeRequest> up) {
      this.up = up;
    }

    void say(SubscribeRequest.Builder request) {
      try {
        up.onNext(request.build());
      } catch (IllegalStateException error) {
        // The stream is over: the server holds nothing any more, and the events say so.
      }
    }

    @Override
    public void onNext(SubscribeResponse said) {
      events.add(new Event(said, null));
    }

    @Override
    public void onError(Throwable error) {
      events.add(new Event(null, error));
    }

    @Override
    public void onCompleted() {
      events.add(new Event(null, null));
    }
  }
}
