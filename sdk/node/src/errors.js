/** All that this package throws of itself. */
export class FramesError extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The channel was not opened. `status` is gRPC's code by name, where there was an answer to a call. */
export class OpenError extends FramesError {
  constructor(message, status, options) {
    super(message, options);
    this.status = status;
  }
}

/** A region is not the channel that was granted. `reason`: magic, version, layout, geometry, field, identity or size. */
export class RegionRefused extends FramesError {
  constructor(reason, message) {
    super(message);
    this.reason = reason;
  }
}

/** The slot is being written: no frame can be had of it. */
export class Overtaken extends FramesError {}

/** The shared memory names a slot that there is not: the server broke it. */
export class Damaged extends FramesError {}

/** The subscription lagged, and was ended, as its policy asks. Open the channel again. */
export class Evicted extends FramesError {}

/** What the server says cannot be; it is broken, or of another version. */
export class Broken extends FramesError {}

/** No frame came in the time that was given. */
export class TimedOut extends FramesError {}
