"""Why no frame comes."""


class FramesError(Exception):
    """All that this package raises of itself, but for TimeoutError."""


class OpenError(FramesError):
    """The channel was not opened: there is none, it takes no more readers, or the server cannot be reached.

    `status` is the gRPC status code, or None where there was no answer to a call.
    """

    def __init__(self, message, status=None):
        super().__init__(message)
        self.status = status


class RegionRefused(FramesError):
    """Memory is not the channel that was granted. `reason` is one word: `magic`, `version`, `layout`, `geometry`,
    `field`, `identity`, `size` or `memory`."""

    def __init__(self, reason, message):
        super().__init__(message)
        self.reason = reason


class AllHeld(FramesError):
    """As many frames are held as were granted. Let go of one, then go on."""

    def __init__(self, granted):
        super().__init__(f"all {granted} frames that may be held at once are held; drop one first, or ask for more pins")


class Overtaken(FramesError):
    """The writer was faster at every try; the channel has too few slots."""


class Damaged(FramesError):
    """The shared memory names a slot that there is not: the server broke it."""


class Evicted(FramesError):
    """The subscription lagged, and was ended, as its policy asks. Open the channel again."""


class Broken(FramesError):
    """What the server says cannot be; it is broken, or of another version."""
