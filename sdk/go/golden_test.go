package frames

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

const golden = "../../testdata/frames"

type list struct {
	Granted struct {
		Epoch, Channel, Region string
		Slots, History         uint64
		PayloadBytes           uint64 `json:"payload_bytes"`
	}
	Fields []struct {
		Name      string
		At, Bytes uint32
	}
	LayoutHash string `json:"layout_hash"`
	ReturnPage struct {
		File string
	} `json:"return_page"`
	Cases []struct {
		File, What string
		Finds      struct {
			Refused string
			NoFrame string `json:"no_frame"`
			Frame   *struct {
				Seq, Slot, Captured, Published uint64
				CRC                            uint32
				Payload, User                  string
				Meta                           map[string]any
			}
		}
	}
}

func readList(t *testing.T) (found list) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(golden, "cases.json"))
	if err == nil {
		err = json.Unmarshal(text, &found)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Cases) < 17 {
		t.Fatalf("expected 17 cases or more, found %d", len(found.Cases))
	}
	return found
}

func (list list) grant(t *testing.T) grant {
	t.Helper()
	number := func(text string) uint64 {
		found, err := strconv.ParseUint(text, 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	says := list.Granted
	divided, err := newGeometry(says.Slots, says.PayloadBytes, says.History)
	if err != nil {
		t.Fatal(err)
	}
	return grant{
		identity: identity{number(says.Epoch), number(says.Channel), number(says.Region)},
		geometry: divided, pins: 1, policy: Latest{}, first: 1,
	}
}

func open(t *testing.T, list list, name string) (*reader, error) {
	t.Helper()
	file, err := os.Open(filepath.Join(golden, name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	region, err := mapFile(int(file.Fd()), uint64(stat.Size()), unix.PROT_READ)
	if err != nil {
		t.Fatal(err)
	}
	page, err := unix.Mmap(-1, 0, pageBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
	if err != nil {
		t.Fatal(err)
	}
	return newReader(region, &memory{bytes: page}, list.grant(t))
}

func TestTheLayoutIsTheLists(t *testing.T) {
	list := readList(t)
	for index, expected := range list.Fields {
		if found := (field{expected.Name, expected.At, expected.Bytes}); fields[index] != found {
			t.Errorf("expected %v, found %v", found, fields[index])
		}
	}
	if found := strconv.FormatUint(layoutHash, 16); len(fields) != len(list.Fields) || found != list.LayoutHash {
		t.Errorf("expected the hash %s, found %s", list.LayoutHash, found)
	}
}

func TestEveryFileIsReadAsItsListSays(t *testing.T) {
	list := readList(t)
	for _, one := range list.Cases {
		t.Run(one.File, func(t *testing.T) {
			reader, err := open(t, list, one.File)
			if one.Finds.Refused != "" {
				var refused *Refused
				if !errors.As(err, &refused) || refused.Reason != one.Finds.Refused {
					t.Fatalf("expected a refusal for %s, found %v", one.Finds.Refused, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			found, err := reader.look()
			if one.Finds.NoFrame != "" {
				expected := map[string]error{"nothing": nil, "damaged": ErrDamaged, "overtaken": ErrOvertaken}
				if found.frame != nil || found.end != live || err != expected[one.Finds.NoFrame] {
					t.Fatalf("expected %s, found %v, %v", one.Finds.NoFrame, found, err)
				}
				return
			}
			expected := one.Finds.Frame
			if err != nil || found.frame == nil {
				t.Fatalf("expected a frame, found %v, %v", found, err)
			}
			frame := found.frame
			same := frame.Seq == expected.Seq && frame.Captured == expected.Captured &&
				frame.Published == expected.Published && frame.CRC != nil && *frame.CRC == expected.CRC &&
				hex.EncodeToString(frame.User[:]) == expected.User && hex.EncodeToString(frame.Bytes()) == expected.Payload
			if !same {
				t.Errorf("expected %+v, found %+v with %x", expected, frame.Info, frame.Bytes())
			}
			if meta := described(t, frame.Meta); !reflect.DeepEqual(meta, expected.Meta) {
				t.Errorf("expected %v, found %v", expected.Meta, meta)
			}
			pin := reader.page.word(pagePins)
			if pin.Load() != 2<<16|(expected.Slot+1) {
				t.Errorf("expected the frame to be pinned, found %#x", pin.Load())
			}
			reader.page.hold()
			frame.Release()
			if pin.Load() != 0 {
				t.Errorf("expected no pin on a frame that is let go of, found %#x", pin.Load())
			}
			end := live
			if one.File == "closed.region" {
				end = closed
			}
			if found, err := reader.look(); err != nil || found != (came{end: end}) {
				t.Errorf("expected nothing more, found %v, %v", found, err)
			}
		})
	}
}

// described is meta as the list writes it.
func described(t *testing.T, meta Meta) map[string]any {
	t.Helper()
	var found map[string]any
	switch meta := meta.(type) {
	case Opaque:
		found = map[string]any{"kind": "opaque", "bytes": hex.EncodeToString(meta)}
	case Video:
		damage := [][]uint32{}
		for _, one := range meta.Damage {
			damage = append(damage, []uint32{one.X, one.Y, one.Width, one.Height})
		}
		found = map[string]any{
			"kind": "video", "width": meta.Width, "height": meta.Height, "stride": meta.Stride,
			"fourcc": string(meta.FourCC[:]), "damage": damage,
		}
	case Audio:
		found = map[string]any{
			"kind": "audio", "rate": meta.Rate, "channels": meta.Channels, "format": meta.Format, "pts": meta.PTS,
			"moments": meta.Moments,
		}
	case State:
		schema := strconv.FormatUint(meta.Schema|1<<63, 16)
		schema = strconv.FormatUint(meta.Schema>>60, 16) + schema[1:]
		found = map[string]any{"kind": "state", "schema": schema, "base": meta.Base, "state": meta.Kind}
	case Unknown:
		found = map[string]any{"kind": "unknown", "number": meta.Kind}
	}
	// Once through JSON, so that numbers are of the type that the list's have.
	text, err := json.Marshal(found)
	if err == nil {
		err = json.Unmarshal(text, &found)
	}
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestTheReturnPageIsAsTheWriterExpectsIt(t *testing.T) {
	list := readList(t)
	reader, err := open(t, list, "opaque.region")
	if err != nil {
		t.Fatal(err)
	}
	if found, err := reader.look(); err != nil || found.frame == nil || !reader.sleep() {
		t.Fatalf("expected a frame and then sleep, found %v, %v", found, err)
	}
	expected, err := os.ReadFile(filepath.Join(golden, list.ReturnPage.File))
	if err != nil || string(expected) != string(reader.page.bytes) {
		t.Errorf("expected %x, found %x (%v)", expected[:128], reader.page.bytes[:128], err)
	}
	if found, err := reader.look(); err != nil || found != (came{}) {
		t.Errorf("expected nothing, found %v, %v", found, err)
	}
	reader.next = 1
	if _, err := reader.look(); err != ErrAllHeld {
		t.Errorf("expected that all frames are held, found %v", err)
	}
}

func TestMemoryThatCouldChangeIsNotMapped(t *testing.T) {
	for _, seals := range []int{0, pageSeals} {
		descriptor, err := unix.MemfdCreate("test", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(descriptor)
		if err := unix.Ftruncate(descriptor, 16384); err != nil {
			t.Fatal(err)
		}
		if _, err := unix.FcntlInt(uintptr(descriptor), unix.F_ADD_SEALS, seals); err != nil {
			t.Fatal(err)
		}
		var refused *Refused
		if _, err := openRegion(descriptor, 16384); !errors.As(err, &refused) {
			t.Errorf("expected a refusal with the seals %#x, found %v", seals, err)
		}
	}
	file, err := os.Open(filepath.Join(golden, "opaque.region"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var refused *Refused
	if _, err := openRegion(int(file.Fd()), 16384); !errors.As(err, &refused) || refused.Reason != "memory" {
		t.Errorf("expected that a file is refused, found %v", err)
	}
}

func TestNamesLeadToSockets(t *testing.T) {
	check := func(at, expected string) {
		t.Helper()
		if found, _ := dialTarget(at); found != expected {
			t.Errorf("expected %q for %q, found %q", expected, at, found)
		}
	}
	t.Setenv("XDG_RUNTIME_DIR", "/run/user/7")
	t.Setenv("NEARCALL_WORLD", "")
	t.Setenv("NEARCALL_ADDRESS_RENDER_2", "unix:/tmp/r.sock")
	check("render", "unix:///run/user/7/nearcall/default/render.sock")
	check("arena.1/render", "unix:///run/user/7/nearcall/arena.1/render.sock")
	check("render.2", "unix:///tmp/r.sock")
	check("http://127.0.0.1:4000", "passthrough:///127.0.0.1:4000")
	for _, wrong := range []string{"", "Render", "../render", "a/b/c", "file:/tmp/a"} {
		check(wrong, "")
	}
	if at, name := split("arena.1/render.main"); at != "arena.1/render" || name != "render.main" {
		t.Errorf("found %s and %s", at, name)
	}
}
