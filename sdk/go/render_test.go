package frames

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const patience = 30 * time.Second

var tiers = []Tier{Broker, Proc, Inline}

// render is the real service, which NEARCALL_RENDER names the program of.
type render struct {
	folder  string
	at      string
	socket  string
	size    string
	process *exec.Cmd
}

func newRender(t *testing.T, size string) *render {
	t.Helper()
	// Short, since a socket's path is bounded.
	folder, err := os.MkdirTemp("", "nearcall-")
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(folder, "nearcall/default/render.sock")
	found := &render{folder: folder, socket: socket, at: "unix:" + socket, size: size}
	t.Cleanup(func() {
		found.kill()
		os.RemoveAll(folder)
	})
	if err := found.start(); err != nil {
		t.Fatal(err)
	}
	return found
}

func (render *render) start() error {
	program := os.Getenv("NEARCALL_RENDER")
	if program == "" {
		return errors.New("expected NEARCALL_RENDER to name the program `render`, found nothing")
	}
	process := exec.Command(program, "default/render", render.size)
	process.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+render.folder, "XDG_STATE_HOME="+render.folder, "NEARCALL_WORLD=")
	if err := process.Start(); err != nil {
		return err
	}
	render.process = process
	for until := time.Now().Add(patience); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		if socket, err := net.Dial("unix", render.socket); err == nil {
			return socket.Close()
		}
	}
	return errors.New("render did not answer at " + render.socket)
}

func (render *render) kill() {
	if render.process != nil {
		render.process.Process.Kill()
		render.process.Wait()
		render.process = nil
	}
}

func (render *render) open(t *testing.T, options Options) *Stream {
	t.Helper()
	options.At = render.at
	stream, err := Open(t.Context(), "render.main", options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stream.Close)
	return stream
}

func next(t *testing.T, stream *Stream) *Frame {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	frame, err := stream.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

func eachTier(t *testing.T, tiers []Tier, check func(*testing.T, Tier)) {
	for _, tier := range tiers {
		t.Run(tier.String(), func(t *testing.T) { check(t, tier) })
	}
}

func TestEveryTierBringsPictures(t *testing.T) {
	render := newRender(t, "480x270@60")
	eachTier(t, tiers, func(t *testing.T, tier Tier) {
		stream := render.open(t, Options{Tiers: []Tier{tier}})
		before := uint64(0)
		for range 5 {
			frame := next(t, stream)
			video, is := frame.Meta.(Video)
			if !is || video.Width != 480 || video.Height != 270 || string(video.FourCC[:]) != "AB24" {
				t.Fatalf("expected a picture of 480x270, found %v", frame.Meta)
			}
			if frame.Tier != tier || stream.Tier() != tier || frame.Epoch != stream.Epoch() || frame.Seq <= before {
				t.Errorf("expected frame %d or later by %v, found %d by %v", before+1, tier, frame.Seq, frame.Tier)
			}
			pixels := frame.Bytes()
			colours := map[[3]byte]bool{}
			for at := 0; at+4 <= len(pixels); at += 4 {
				if pixels[at+3] != 255 {
					t.Fatalf("expected an opaque picture, found %d at %d", pixels[at+3], at)
				}
				colours[[3]byte(pixels[at:])] = true
			}
			if len(pixels) != 480*270*4 || len(colours) < 100 {
				t.Errorf("expected a landscape, found %d bytes of %d colours", len(pixels), len(colours))
			}
			before = frame.Seq
			frame.Release()
		}
	})
}

func TestAHeldFrameStaysAsItIs(t *testing.T) {
	render := newRender(t, "480x270@60")
	eachTier(t, tiers[:2], func(t *testing.T, tier Tier) {
		stream := render.open(t, Options{Tiers: []Tier{tier}})
		held := next(t, stream)
		before := bytes.Clone(held.Bytes())
		// More frames than there are slots: the writer goes around the one that is held.
		for range 30 {
			next(t, stream).Release()
		}
		if !bytes.Equal(before, held.Bytes()) {
			t.Error("the frame changed while it was held")
		}
		// It is held beyond the end of its stream.
		stream.Close()
		other := render.open(t, Options{Tiers: []Tier{tier}})
		for range 15 {
			next(t, other).Release()
		}
		if !bytes.Equal(before, held.Bytes()) {
			t.Error("the frame changed after its stream had ended")
		}
		held.Release()
	})
}

func TestWhoHasLeftHoldsNobodyUp(t *testing.T) {
	render := newRender(t, "480x270@60")
	stream := render.open(t, Options{Tiers: tiers[:1], Policy: Block{MaxWait: 5 * time.Second, Then: DropNew}})
	kept := next(t, stream)
	defer kept.Release()
	stream.Close()
	other := render.open(t, Options{Tiers: tiers[:1]})
	begun := time.Now()
	for range 8 {
		next(t, other).Release()
	}
	// Each of them would have waited for five seconds.
	if took := time.Since(begun); took > 25*time.Second {
		t.Errorf("expected that nobody waits for a reader that has left, found that 8 frames took %v", took)
	}
}

func TestWhoKeepsAllFramesIsTold(t *testing.T) {
	render := newRender(t, "480x270@60")
	eachTier(t, tiers[:2], func(t *testing.T, tier Tier) {
		stream := render.open(t, Options{Tiers: []Tier{tier}, Pins: 2})
		one, other := next(t, stream), next(t, stream)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if _, err := stream.Next(ctx); !errors.Is(err, ErrAllHeld) {
			t.Fatalf("expected that all frames are held, found %v", err)
		}
		one.Release()
		if frame := next(t, stream); frame.Seq <= other.Seq {
			t.Errorf("expected a frame after %d, found %d", other.Seq, frame.Seq)
		}
	})
}

func TestWhoLagsFindsAGap(t *testing.T) {
	render := newRender(t, "480x270@60")
	eachTier(t, tiers, func(t *testing.T, tier Tier) {
		stream := render.open(t, Options{Tiers: []Tier{tier}, Policy: DropOldest{2}})
		frame := next(t, stream)
		for until := time.Now().Add(patience); stream.Lost() == 0 && time.Now().Before(until); {
			before := frame.Seq
			frame.Release()
			time.Sleep(300 * time.Millisecond)
			frame = next(t, stream)
			if frame.Seq != before+frame.Lost+1 {
				t.Fatalf("expected frame %d, found %d", before+frame.Lost+1, frame.Seq)
			}
		}
		frame.Release()
		if stream.Lost() == 0 {
			t.Error("expected a gap, found none")
		}
	})
}

func TestAWaitEnds(t *testing.T) {
	render := newRender(t, "480x270@60")
	stream := render.open(t, Options{Policy: Sample{1}})
	next(t, stream).Release()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := stream.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("expected the end of the context, found %v", err)
	}
	if _, err := Open(t.Context(), "render.nothing", Options{At: render.at}); status.Code(err) != codes.NotFound {
		t.Errorf("expected that there is no such channel, found %v", err)
	}
}

func TestReadersComeBackWhenTheServerDoes(t *testing.T) {
	eachTier(t, tiers, func(t *testing.T, tier Tier) {
		render := newRender(t, "480x270@60")
		stream := render.open(t, Options{Tiers: []Tier{tier}})
		held := next(t, stream)
		before := bytes.Clone(held.Bytes())
		epoch := stream.Epoch()
		render.kill()
		if !bytes.Equal(before, held.Bytes()) {
			t.Error("the frame changed when its server died")
		}
		again := make(chan error, 1)
		time.AfterFunc(300*time.Millisecond, func() { again <- render.start() })
		frame := next(t, stream)
		for until := time.Now().Add(patience); frame.Epoch == epoch && time.Now().Before(until); frame = next(t, stream) {
			frame.Release()
		}
		if err := <-again; err != nil {
			t.Fatal(err)
		}
		if frame.Epoch == epoch || frame.Epoch != stream.Epoch() || !bytes.Equal(before, held.Bytes()) {
			t.Errorf("expected a frame of another start, found %x after %x", frame.Epoch, epoch)
		}
		frame.Release()
		held.Release()
	})
}

func TestSeveralChannelsAtOnce(t *testing.T) {
	var all sync.WaitGroup
	for _, size := range []string{"480x270@60", "320x200@60"} {
		stream := newRender(t, size).open(t, Options{})
		all.Go(func() {
			for range 10 {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				frame, err := stream.Next(ctx)
				cancel()
				if err != nil {
					t.Error(err)
					return
				}
				frame.Release()
			}
		})
	}
	all.Wait()
}
