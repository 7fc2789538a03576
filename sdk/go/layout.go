package frames

import "hash/fnv"

// Where everything stands in a region and in a return page, as docs/frames.md has it: version 1.0, offsets in bytes.
const (
	majorVersion    = 1
	headerBytes     = 256
	descriptorBytes = 64
	slotBytes       = 256
	pageBytes       = 4096
	metaBytes       = 160

	headerABI           = 8
	headerHeaderBytes   = 12
	headerEpoch         = 16
	headerChannel       = 24
	headerRegion        = 32
	headerSlots         = 40
	headerHistory       = 44
	headerStride        = 48
	headerPayloadBytes  = 56
	headerRingAt        = 64
	headerRingLength    = 72
	headerSlotHeadersAt = 80
	headerPayloadsAt    = 88
	headerRegionBytes   = 96
	headerLayoutHash    = 104
	headerLatest        = 128
	headerState         = 144

	descriptorStamp = 0
	descriptorSlot  = 8

	slotStamp      = 0
	slotLength     = 8
	slotCaptured   = 24
	slotPublished  = 32
	slotCRC        = 40
	slotMetaKind   = 44
	slotMetaLength = 46
	slotUser       = 48
	slotFlags      = 72
	slotMeta       = 96

	pageConsumed  = 0
	pageWakeAfter = 8
	pagePins      = 64

	stateLive    = 1
	stateRetired = 2
	stateClosed  = 3

	flagCRC = 1
)

const magic = "\x89NFRAM\r\n"

// field is a name, an offset and a length, in the order that the layout's hash goes by.
type field struct {
	name       string
	at, length uint32
}

var fields = []field{
	{"header.magic", 0, 8}, {"header.abi", headerABI, 4}, {"header.header_bytes", headerHeaderBytes, 4},
	{"header.epoch", headerEpoch, 8}, {"header.channel", headerChannel, 8}, {"header.region", headerRegion, 8},
	{"header.slots", headerSlots, 4}, {"header.history", headerHistory, 4}, {"header.stride", headerStride, 8},
	{"header.payload_bytes", headerPayloadBytes, 8}, {"header.ring_at", headerRingAt, 8},
	{"header.ring_length", headerRingLength, 4}, {"header.slot_headers_at", headerSlotHeadersAt, 8},
	{"header.payloads_at", headerPayloadsAt, 8}, {"header.region_bytes", headerRegionBytes, 8},
	{"header.layout_hash", headerLayoutHash, 8}, {"header.latest", headerLatest, 8}, {"header.notify", 136, 8},
	{"header.state", headerState, 8}, {"header.published", 192, 8}, {"header.dropped", 200, 8},
	{"header.without_slot", 208, 8},
	{"descriptor.stamp", descriptorStamp, 8}, {"descriptor.slot", descriptorSlot, 4}, {"descriptor.flags", 12, 4},
	{"descriptor.length", 16, 8}, {"descriptor.time", 24, 8}, {"descriptor.crc", 32, 4}, {"descriptor.user", 40, 24},
	{"slot.stamp", slotStamp, 8}, {"slot.length", slotLength, 8}, {"slot.progress", 16, 8},
	{"slot.captured", slotCaptured, 8}, {"slot.published", slotPublished, 8}, {"slot.crc", slotCRC, 4},
	{"slot.meta_kind", slotMetaKind, 2}, {"slot.meta_length", slotMetaLength, 2}, {"slot.user", slotUser, 24},
	{"slot.flags", slotFlags, 4}, {"slot.meta", slotMeta, 160},
	{"page.consumed", pageConsumed, 8}, {"page.wake_after", pageWakeAfter, 8}, {"page.pins", pagePins, 128},
}

// layoutHash tells one layout from another.
var layoutHash = func() uint64 {
	hash := fnv.New64a()
	for _, field := range fields {
		hash.Write([]byte(field.name))
		for _, number := range []uint32{field.at, field.length} {
			hash.Write([]byte{byte(number), byte(number >> 8), byte(number >> 16), byte(number >> 24)})
		}
	}
	return hash.Sum64()
}()
