package nearcall.frames;

/** Why no frame comes. */
public class FramesException extends RuntimeException {
  FramesException(String message) {
    super(message);
  }

  FramesException(String message, Throwable cause) {
    super(message, cause);
  }

  /** The channel was not opened; {@code status} is gRPC's code, or null where there was no answer to a call. */
  public static final class Open extends FramesException {
    private final io.grpc.Status.Code status;

    Open(String message, io.grpc.Status.Code status, Throwable cause) {
      super(message, cause);
      this.status = status;
    }

    public io.grpc.Status.Code status() {
      return status;
    }
  }

  /** A region is not the channel that was granted: magic, version, layout, geometry, field, identity or size. */
  public static final class Refused extends FramesException {
    private final String reason;

    Refused(String reason, String message) {
      super(message);
      this.reason = reason;
    }

    public String reason() {
      return reason;
    }
  }

  /** The slot is being written: no frame can be had of it. */
  public static final class Overtaken extends FramesException {
    Overtaken(String message) {
      super(message);
    }
  }

  /** The shared memory names a slot that there is not: the server broke it. */
  public static final class Damaged extends FramesException {
    Damaged(String message) {
      super(message);
    }
  }

  /** The subscription lagged, and was ended, as its policy asks. Open the channel again. */
  public static final class Evicted extends FramesException {
    Evicted() {
      super("the subscription lagged behind the writer and was ended; open the channel again");
    }
  }

  /** What the server says cannot be; it is broken, or of another version. */
  public static final class Broken extends FramesException {
    Broken(String message) {
      super(message);
    }
  }
}
