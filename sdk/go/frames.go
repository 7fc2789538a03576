// Package frames reads nearcall's frame channels: pictures, sound and world states in shared memory, in place where it can
// be mapped. It is written from docs/frames.md, in Go alone, for Linux.
//
//	stream, err := frames.Open(ctx, "render.main", frames.Options{})
//	...
//	for {
//		frame, err := stream.Next(ctx)
//		...
//		look(frame.Bytes())
//		frame.Release()
//	}
//
// Several channels are several goroutines.
package frames

//go:generate sh generate.sh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"nearcall.example/frames/framesv1"
)

// Options are what a reader wants. The zero value is the newest frame each time, in shared memory if that can be.
type Options struct {
	// At is the server's name or address, where the channel's name does not begin with it.
	At string
	// Policy says which frames come. Default: Latest.
	Policy Policy
	// Pins is how many frames are held at once, 1 to 16. Default: 2, one to look at while the next one comes.
	Pins uint32
	// Tiers are the ways that frames may come; inline always may. Default: all.
	Tiers []Tier
	// InlineBelow is the bytes of a frame below which a channel comes inline. Default: 65,536.
	InlineBelow uint64
}

const (
	callTimeout     = 10 * time.Second
	reattachTimeout = 60 * time.Second
	pauseMin        = 10 * time.Millisecond
	pauseMax        = 500 * time.Millisecond
)

// Stream is the frames of one channel. Where the server is gone or starts anew, it attaches again by itself. It is for one
// goroutine; frames may be let go of by any.
type Stream struct {
	name, at string
	options  Options
	conn     *grpc.ClientConn
	source   source
	epoch    uint64
	lost     uint64
	unsaid   uint64
	closed   bool
}

// source is where frames come from: next waits for one of frame, gap and an end.
type source interface {
	next(context.Context) (came, error)
	close()
	tier() Tier
}

type came struct {
	frame *Frame
	gap   Gap
	end   ending
}

type ending int

const (
	live ending = iota
	// closed is the writer's word.
	closed
	// gone means that another region took the place, or that the server is gone: open the channel again.
	gone
)

// Open opens a channel by its name, as `render.main` or `arena/render.main`.
func Open(ctx context.Context, channel string, options Options) (*Stream, error) {
	at, name := split(channel)
	if options.At != "" {
		at = options.At
	}
	if options.Pins == 0 {
		options.Pins = 2
	}
	if options.InlineBelow == 0 {
		options.InlineBelow = 65536
	}
	if options.Tiers == nil {
		options.Tiers = []Tier{Broker, Proc, Inline}
	}
	if options.Policy == nil {
		options.Policy = Latest{}
	}
	stream := &Stream{name: name, at: at, options: options}
	return stream, stream.open(ctx)
}

// Next is the next frame by the policy, when it is there; io.EOF when the writer has ended the channel, and the context's
// error when that ends first. The trap: a frame that is not let go of holds one of the pins; who keeps all gets ErrAllHeld.
func (stream *Stream) Next(ctx context.Context) (*Frame, error) {
	for {
		if stream.closed {
			return nil, io.EOF
		}
		if stream.source == nil {
			if err := stream.attachAgain(ctx); err != nil {
				return nil, err
			}
		}
		found, err := stream.source.next(ctx)
		switch {
		case err != nil:
			return nil, err
		case found.frame != nil:
			found.frame.Lost, stream.unsaid = stream.unsaid, 0
			return found.frame, nil
		case found.end == closed:
			stream.closed = true
		case found.end == gone:
			stream.drop()
		case found.gap != Gap{}:
			stream.lost += found.gap.Len()
			stream.unsaid += found.gap.Len()
		}
	}
}

// Lost is how many frames did not come since the channel was opened, by the gaps that the policy allows.
func (stream *Stream) Lost() uint64 { return stream.lost }

// Epoch is the number of the server's start: another after it started anew.
func (stream *Stream) Epoch() uint64 { return stream.epoch }

// Tier is how the frames come at the moment; Unattached while the channel is opened again.
func (stream *Stream) Tier() Tier {
	if stream.source == nil {
		return Unattached
	}
	return stream.source.tier()
}

// Close ends the subscription. Frames that are held stay readable until they are let go of.
func (stream *Stream) Close() {
	stream.closed = true
	stream.drop()
}

func (stream *Stream) drop() {
	if stream.source != nil {
		stream.source.close()
		stream.source = nil
	}
}

func (stream *Stream) attachAgain(ctx context.Context) error {
	until := time.Now().Add(reattachTimeout)
	for pause := pauseMin; ; pause = min(2*pause, pauseMax) {
		err := stream.open(ctx)
		if err == nil || !mayComeBack(err) || time.Now().After(until) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// A server that starts may not be there yet, or may not have the channel yet.
func mayComeBack(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.NotFound, codes.ResourceExhausted, codes.DeadlineExceeded:
		return true
	}
	return false
}

// open takes the best way that works; whether memory can be had is known once it was tried.
func (stream *Stream) open(ctx context.Context) error {
	target, err := dialTarget(stream.at)
	if err != nil {
		return err
	}
	// A connection of its own: a ticket is good while the connection lasts that asked for it.
	conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	source, epoch, err := stream.attach(ctx, conn)
	if err != nil {
		conn.Close()
		return fmt.Errorf("%s at %s: %w", stream.name, stream.at, err)
	}
	stream.source, stream.epoch = source, epoch
	return nil
}

func (stream *Stream) attach(ctx context.Context, conn *grpc.ClientConn) (source, uint64, error) {
	client := framesv1.NewFramesClient(conn)
	tiers := append([]Tier(nil), stream.options.Tiers...)
	request := &framesv1.OpenRequest{
		Channel:     stream.name,
		Policy:      stream.options.Policy.wire(),
		Pins:        stream.options.Pins,
		InlineBelow: &stream.options.InlineBelow,
	}
	for {
		request.Tiers = nil
		for _, tier := range tiers {
			request.Tiers = append(request.Tiers, tier.wire())
		}
		limited, cancel := context.WithTimeout(ctx, callTimeout)
		answer, err := client.Open(limited, request)
		cancel()
		if err != nil {
			return nil, 0, err
		}
		granted, err := readGrant(answer)
		if err != nil {
			return nil, 0, err
		}
		tier := readTier(answer.Tier)
		var found source
		switch tier {
		case Broker:
			found, err = attach(answer, granted, conn)
		case Proc, Inline:
			found, err = startStream(client, answer, granted, tier, conn)
		default:
			return nil, 0, fmt.Errorf("%w: expected a tier that is known, found %v", ErrBroken, answer.Tier)
		}
		if err == nil {
			return found, granted.identity.Epoch, nil
		}
		if tier == Inline {
			return nil, 0, err
		}
		// A socket's path may mean nothing in another container, and a /proc may be another's.
		kept := tiers[:0]
		for _, other := range tiers {
			if other != tier {
				kept = append(kept, other)
			}
		}
		tiers, request.InsteadOf = kept, answer.Ticket
	}
}

// Why no frame comes. Those of gRPC come as its statuses.
var (
	// ErrAllHeld: as many frames are held as were granted. Let go of one, then go on.
	ErrAllHeld = errors.New("all frames that may be held at once are held; release one first, or ask for more pins")
	// ErrOvertaken: the writer was faster at every try; the channel has too few slots.
	ErrOvertaken = errors.New("the writer overtook this reader at every try; use a channel with more slots")
	// ErrDamaged: the shared memory names a slot that there is not: the server broke it.
	ErrDamaged = errors.New("the shared memory names a slot that there is not")
	// ErrEvicted: the subscription lagged, and was ended, as its policy asks. Open the channel again.
	ErrEvicted = errors.New("the subscription lagged behind the writer and was ended; open the channel again")
	// ErrBroken: what the server says cannot be.
	ErrBroken = errors.New("the server is broken, or of another version")
)
