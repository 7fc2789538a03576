package frames

import (
	"encoding/binary"
	"fmt"

	"nearcall.example/frames/framesv1"
)

const (
	slotsMax        = 4096
	payloadBytesMax = 1 << 30
	regionBytesMax  = 16 << 30
)

// Refused says why memory is not the channel that was granted. Reason is one word: magic, version, layout, geometry, field,
// identity, size, pins or memory.
type Refused struct {
	Reason, Message string
}

func (refused *Refused) Error() string { return refused.Message }

func refuse(reason, format string, arguments ...any) error {
	return &Refused{reason, fmt.Sprintf(format, arguments...)}
}

// identity is which region of which channel of which start of the server.
type identity struct{ Epoch, Channel, Region uint64 }

// geometry is how a region is divided. Checked once; offsets that come out of it lie in the region.
type geometry struct {
	slots, history uint64
	payloadBytes   uint64
}

// grant is what a server granted over gRPC. This is believed, and the shared memory held against it.
type grant struct {
	subscription uint64
	identity     identity
	geometry     geometry
	pins         uint32
	policy       Policy
	first        uint64
}

func newGeometry(slots, payloadBytes, history uint64) (geometry, error) {
	found := geometry{slots, history, payloadBytes}
	if slots < history+2 || slots > slotsMax {
		return found, refuse("geometry", "expected %d to %d slots to keep %d frames, found %d", history+2, slotsMax, history, slots)
	}
	if payloadBytes < 1 || payloadBytes > payloadBytesMax {
		return found, refuse("geometry", "expected frames of 1 to %d bytes, found %d", payloadBytesMax, payloadBytes)
	}
	if found.regionBytes() > regionBytesMax {
		return found, refuse("geometry", "expected a channel of %d bytes at most, found %d", int64(regionBytesMax), found.regionBytes())
	}
	return found, nil
}

func wholePages(length uint64) uint64 { return (length + pageBytes - 1) / pageBytes * pageBytes }

func (geometry geometry) stride() uint64        { return wholePages(geometry.payloadBytes) }
func (geometry geometry) slotHeadersAt() uint64 { return headerBytes + descriptorBytes*geometry.slots }
func (geometry geometry) payloadsAt() uint64 {
	return wholePages(geometry.slotHeadersAt() + slotBytes*geometry.slots)
}
func (geometry geometry) regionBytes() uint64 {
	return geometry.payloadsAt() + geometry.stride()*geometry.slots
}
func (geometry geometry) descriptorAt(seq uint64) uint64 {
	return headerBytes + descriptorBytes*(seq%geometry.slots)
}
func (geometry geometry) slotHeaderAt(slot uint64) uint64 {
	return geometry.slotHeadersAt() + slotBytes*slot
}
func (geometry geometry) payloadAt(slot uint64) uint64 {
	return geometry.payloadsAt() + geometry.stride()*slot
}

// checkHeader holds the first 256 bytes of a region against what was granted.
func checkHeader(header []byte, granted grant) error {
	short := func(at int) uint64 { return uint64(binary.LittleEndian.Uint32(header[at:])) }
	long := func(at int) uint64 { return binary.LittleEndian.Uint64(header[at:]) }
	if found := string(header[:len(magic)]); found != magic {
		return refuse("magic", "expected a frame channel, which begins with % x, found % x", magic, found)
	}
	if found := binary.LittleEndian.Uint16(header[headerABI:]); found != majorVersion {
		return refuse("version", "expected version %d of the layout, found %d; use peers of one version", majorVersion, found)
	}
	if found := long(headerLayoutHash); found != layoutHash {
		return refuse("layout", "expected a layout with the hash %#x, found %#x", layoutHash, found)
	}
	says, err := newGeometry(short(headerSlots), long(headerPayloadBytes), short(headerHistory))
	if err != nil {
		return err
	}
	for _, derived := range []struct {
		name            string
		expected, found uint64
	}{
		{"header_bytes", headerBytes, short(headerHeaderBytes)},
		{"stride", says.stride(), long(headerStride)},
		{"ring_at", headerBytes, long(headerRingAt)},
		{"ring_length", says.slots, short(headerRingLength)},
		{"slot_headers_at", says.slotHeadersAt(), long(headerSlotHeadersAt)},
		{"payloads_at", says.payloadsAt(), long(headerPayloadsAt)},
		{"region_bytes", says.regionBytes(), long(headerRegionBytes)},
	} {
		if derived.found != derived.expected {
			return refuse("field", "expected %s to be %d, which follows from the slots, found %d", derived.name, derived.expected, derived.found)
		}
	}
	if found := (identity{long(headerEpoch), long(headerChannel), long(headerRegion)}); found != granted.identity {
		return refuse("identity", "expected region %x, found %x; ask the server again", granted.identity, found)
	}
	if says != granted.geometry {
		return refuse("geometry", "expected slots as the server said, %v, found %v", granted.geometry, says)
	}
	return nil
}

func readGrant(answer *framesv1.OpenResponse) (grant, error) {
	region := answer.GetRegion()
	divided := region.GetGeometry()
	if divided == nil {
		return grant{}, fmt.Errorf("%w: expected a region with a geometry", ErrBroken)
	}
	policy := readPolicy(answer.Policy)
	if policy == nil {
		return grant{}, fmt.Errorf("%w: expected a policy that is known", ErrBroken)
	}
	geometry, err := newGeometry(uint64(divided.Slots), divided.PayloadBytes, uint64(divided.History))
	return grant{
		subscription: answer.Subscription,
		identity:     identity{region.Epoch, region.Channel, region.Region},
		geometry:     geometry,
		pins:         answer.Pins,
		policy:       policy,
		first:        answer.First,
	}, err
}
