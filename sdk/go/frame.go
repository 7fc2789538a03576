package frames

import "sync"

// Info is what the writer says of a frame. Times are nanoseconds since 1970; Captured is 0 when not said.
type Info struct {
	Seq                 uint64
	Meta                Meta
	Captured, Published uint64
	// CRC is the CRC-32 of the bytes (zlib's), when the writer gave one.
	CRC  *uint32
	User [24]byte
}

// Frame is a frame that the writer leaves alone until Release.
type Frame struct {
	Info
	// Lost is how many frames were lost right before it, where the policy is to get each in turn.
	Lost uint64
	// Tier is how it came.
	Tier Tier
	// Epoch is the server's start that it is of.
	Epoch uint64

	bytes   []byte
	release sync.Once
	letGo   func()
}

// Bytes are the frame's bytes: shared memory, which must not be written to (the process is ended if it is), nor looked at
// after Release (the writer writes to it, or nothing is there any more). Copy what is to be kept.
func (frame *Frame) Bytes() []byte { return frame.bytes }

// Release lets go of the frame. Calling it again does nothing.
func (frame *Frame) Release() {
	frame.release.Do(func() {
		frame.bytes = nil
		if frame.letGo != nil {
			frame.letGo()
		}
	})
}

// Gap is frames that will not come, from First to Last.
type Gap struct{ First, Last uint64 }

// Len is how many they are.
func (gap Gap) Len() uint64 { return gap.Last - gap.First + 1 }
