/** Reads nearcall's frame channels, with no native code: see README.md. */
export { open, FrameStream } from "./stream.js";
export { Broken, Damaged, Evicted, FramesError, OpenError, Overtaken, RegionRefused, TimedOut } from "./errors.js";
