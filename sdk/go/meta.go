package frames

import (
	"bytes"
	"encoding/binary"

	"nearcall.example/frames/framesv1"
)

// Meta is what a frame's bytes are: Opaque, Video, Audio, State or Unknown.
type Meta any

// Opaque is up to 160 bytes that only the channel's user understands.
type Opaque []byte

// Video is Height rows of Stride bytes each, top first. FourCC is of drm_fourcc.h: `AB24` for bytes R, G, B, A.
type Video struct {
	Width, Height, Stride uint32
	FourCC                [4]byte
	// Damage is what changed since the frame before; none means that everything may have. It may reach beyond the picture.
	Damage []Rectangle
}

// Rectangle is a part of a picture, in pixels.
type Rectangle struct{ X, Y, Width, Height uint32 }

// Audio is Moments times Channels samples, those of one moment side by side. Format is 1 for int16, 2 for float32.
type Audio struct {
	Rate     uint32
	Channels uint16
	Format   uint16
	PTS      uint64
	Moments  uint32
}

// State is a world (Kind 1), or what changed in it since frame Base (Kind 2).
type State struct {
	Schema, Base uint64
	Kind         uint32
}

// Unknown is of a kind that this version does not know, or not as its kind has to be. The bytes are still a frame.
type Unknown struct{ Kind uint16 }

const damageMax = 8

// parseMeta reads meta as it stands in a slot's header.
func parseMeta(kind uint16, found []byte) Meta {
	from := bytes.NewReader(found)
	read := func(into any) bool { return binary.Read(from, binary.LittleEndian, into) == nil }
	switch kind {
	case 0:
		return Opaque(bytes.Clone(found))
	case 1:
		var fixed struct {
			Width, Height, Stride uint32
			FourCC                [4]byte
			Damaged               uint32
			_                     [12]byte
		}
		if !read(&fixed) || fixed.Damaged > damageMax {
			break
		}
		damage := make([]Rectangle, fixed.Damaged)
		if read(damage) {
			return Video{fixed.Width, fixed.Height, fixed.Stride, fixed.FourCC, damage}
		}
	case 2:
		var fixed struct {
			Audio Audio
			_     [4]byte
		}
		if read(&fixed) && (fixed.Audio.Format == 1 || fixed.Audio.Format == 2) {
			return fixed.Audio
		}
	case 3:
		var fixed struct {
			State State
			_     [4]byte
		}
		if read(&fixed) && (fixed.State.Kind == 1 || fixed.State.Kind == 2) {
			return fixed.State
		}
	}
	return Unknown{kind}
}

func readInfo(info *framesv1.FrameInfo) Info {
	found := Info{Seq: info.Seq, Meta: Unknown{0xffff}, Captured: info.CapturedNs, Published: info.PublishedNs, CRC: info.Crc}
	copy(found.User[:], info.User)
	switch meta := info.Meta.(type) {
	case *framesv1.FrameInfo_Opaque:
		found.Meta = Opaque(meta.Opaque)
	case *framesv1.FrameInfo_Video:
		video := Video{Width: meta.Video.Width, Height: meta.Video.Height, Stride: meta.Video.Stride}
		copy(video.FourCC[:], meta.Video.Fourcc)
		for _, one := range meta.Video.Damage {
			video.Damage = append(video.Damage, Rectangle{one.X, one.Y, one.Width, one.Height})
		}
		found.Meta = video
	case *framesv1.FrameInfo_Audio:
		audio := meta.Audio
		found.Meta = Audio{audio.Rate, uint16(audio.Channels), uint16(audio.Format), audio.Pts, audio.Moments}
	case *framesv1.FrameInfo_State:
		found.Meta = State{meta.State.Schema, meta.State.Base, uint32(meta.State.Kind)}
	}
	return found
}
