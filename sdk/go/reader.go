package frames

import (
	"encoding/binary"
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// attemptsMax is how often a reader tries to get hold of a frame while the writer overtakes it.
const attemptsMax = 64

// reader is one reader of a region, with its return page. look never waits.
type reader struct {
	region, page *memory
	grant        grant
	// free has a bit for each pin that holds nothing. Private: the page is for the writer to read, not for us to trust.
	free atomic.Uint32
	next uint64
	due  time.Time
}

func newReader(region, page *memory, granted grant) (*reader, error) {
	if expected := granted.geometry.regionBytes(); uint64(len(region.bytes)) != expected {
		return nil, refuse("size", "expected a region of %d bytes, found %d", expected, len(region.bytes))
	}
	if granted.pins < 1 || granted.pins > 16 {
		return nil, refuse("pins", "expected a grant of 1 to 16 pins, found %d", granted.pins)
	}
	if err := checkHeader(region.bytes[:headerBytes], granted); err != nil {
		return nil, err
	}
	found := &reader{region: region, page: page, grant: granted, next: max(granted.first, 1)}
	found.free.Store(1<<granted.pins - 1)
	return found, nil
}

// look is a frame, a gap, an end, or nothing of these yet.
func (reader *reader) look() (came, error) {
	depth := uint64(0)
	switch policy := reader.grant.policy.(type) {
	case Sample:
		if time.Now().Before(reader.due) {
			return came{}, nil
		}
	case DropOldest:
		depth = uint64(policy.Depth)
	case Block:
		depth = reader.grant.geometry.history + 1
	}
	for range attemptsMax {
		latest, slot, err := reader.latest()
		if err != nil {
			return came{}, err
		}
		if latest < reader.next {
			return reader.nothing()
		}
		if depth > 0 {
			if latest+1 > reader.next+depth {
				gap := Gap{reader.next, latest - depth}
				reader.next = gap.Last + 1
				return came{gap: gap}, nil
			}
			latest = reader.next
			at := reader.grant.geometry.descriptorAt(latest)
			if reader.region.word(at+descriptorStamp).Load() != latest {
				continue
			}
			// A descriptor that is replaced meanwhile may name any slot, and then the slot's stamp is another frame's.
			slot = uint64(binary.LittleEndian.Uint32(reader.region.bytes[at+descriptorSlot:]))
			if slot >= reader.grant.geometry.slots {
				return came{}, ErrDamaged
			}
		}
		frame, err := reader.lease(latest, slot)
		if err != nil {
			return came{}, err
		}
		if frame != nil {
			reader.took(frame.Seq)
			return came{frame: frame}, nil
		}
	}
	return came{}, ErrOvertaken
}

func (reader *reader) lease(seq, slot uint64) (*Frame, error) {
	free := reader.free.Load()
	if free == 0 {
		return nil, ErrAllHeld
	}
	// Only this goroutine takes pins; any lets go of them.
	number := uint64(bits.TrailingZeros32(free))
	reader.free.And(^uint32(1 << number))
	pin := reader.page.word(pagePins + 8*number)
	pin.Store(seq<<16 | (slot + 1))
	// Pin, then look at the stamp: both are sequentially consistent, and meet the fence of the writer's search for a slot.
	at := reader.grant.geometry.slotHeaderAt(slot)
	if reader.region.word(at+slotStamp).Load() != seq<<1 {
		reader.letGo(number)
		return nil, nil
	}
	var header [slotBytes]byte
	copy(header[:], reader.region.bytes[at:])
	frame := reader.read(seq, slot, header[:])
	reader.region.hold()
	reader.page.hold()
	frame.letGo = func() {
		reader.letGo(number)
		reader.page.letGo()
		reader.region.letGo()
	}
	return frame, nil
}

// read believes a slot's header in nothing that is a place: lengths are held against what there is.
func (reader *reader) read(seq, slot uint64, header []byte) *Frame {
	little := binary.LittleEndian
	length := min(little.Uint64(header[slotLength:]), reader.grant.geometry.payloadBytes)
	start := reader.grant.geometry.payloadAt(slot)
	said := min(int(little.Uint16(header[slotMetaLength:])), metaBytes)
	frame := &Frame{
		Info: Info{
			Seq:       seq,
			Meta:      parseMeta(little.Uint16(header[slotMetaKind:]), header[slotMeta:slotMeta+said]),
			Captured:  little.Uint64(header[slotCaptured:]),
			Published: little.Uint64(header[slotPublished:]),
			User:      [24]byte(header[slotUser:]),
		},
		Tier:  Broker,
		Epoch: reader.grant.identity.Epoch,
		bytes: reader.region.bytes[start : start+length : start+length],
	}
	if little.Uint32(header[slotFlags:])&flagCRC != 0 {
		crc := little.Uint32(header[slotCRC:])
		frame.CRC = &crc
	}
	return frame
}

func (reader *reader) letGo(number uint64) {
	reader.page.word(pagePins + 8*number).Store(0)
	reader.free.Or(1 << number)
}

func (reader *reader) took(seq uint64) {
	reader.next = seq + 1
	reader.page.word(pageConsumed).Store(seq)
	if policy, samples := reader.grant.policy.(Sample); samples {
		reader.due = time.Now().Add(time.Second / time.Duration(max(policy.Hz, 1)))
	}
}

// sleep asks the writer to ring when there is something next. False where there is already: do not sleep then.
func (reader *reader) sleep() bool {
	reader.page.word(pageWakeAfter).Store(reader.next<<1 | 1)
	latest, _, err := reader.latest()
	if err != nil || latest >= reader.next || reader.region.word(headerState).Load() != stateLive {
		reader.wakeUp()
		return false
	}
	return true
}

func (reader *reader) wakeUp() { reader.page.word(pageWakeAfter).Store(0) }

// takeNoMore says that nothing more is taken, though frames may still be held: a writer need not wait for this reader.
func (reader *reader) takeNoMore() { reader.page.word(pageConsumed).Store(math.MaxUint64) }

// latest is the newest frame and its slot; 0 before the first.
func (reader *reader) latest() (seq, slot uint64, err error) {
	word := reader.region.word(headerLatest).Load()
	seq, slot = word>>16, word&0xffff
	if word != 0 && (slot >= reader.grant.geometry.slots || seq == 0) {
		return 0, 0, ErrDamaged
	}
	return seq, slot, nil
}

// nothing is nothing yet, or the end: the writer says so after its last frame, so that is looked for once more.
func (reader *reader) nothing() (came, error) {
	end := live
	switch reader.region.word(headerState).Load() {
	case stateClosed:
		end = closed
	case stateRetired:
		end = gone
	}
	if latest, _, err := reader.latest(); err != nil || latest >= reader.next {
		return came{}, err
	}
	return came{end: end}, nil
}
