package frames

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nearcall.example/frames/framesv1"
)

// credit is the frames that may come before the reader asks for more: one to look at while the next is under way.
const credit = 2

// streamed is frames that a stream brings: as bytes, or as references into memory that the server holds.
type streamed struct {
	how    Tier
	grant  grant
	region *memory
	up     *up
	events chan event
	held   atomic.Int64
	owed   bool
	// begun is a frame of which more is to come.
	begun  *Frame
	length uint64
}

type event struct {
	said *framesv1.SubscribeResponse
	err  error
}

// up is what is said to the server; the stream ends with the last that holds it.
type up struct {
	lock    sync.Mutex
	stream  grpc.BidiStreamingClient[framesv1.SubscribeRequest, framesv1.SubscribeResponse]
	holders atomic.Int64
	ends    func()
}

func startStream(client framesv1.FramesClient, answer *framesv1.OpenResponse, granted grant, tier Tier, conn *grpc.ClientConn) (source, error) {
	found := &streamed{how: tier, grant: granted, events: make(chan event, credit)}
	if tier == Proc {
		region, err := openPath(answer.Region.Path, granted)
		if err != nil {
			return nil, err
		}
		found.region = region
	}
	ctx, cancel := context.WithCancel(context.Background())
	stream, err := client.Subscribe(ctx)
	if err == nil {
		start := &framesv1.Start{Ticket: answer.Ticket, Credit: credit}
		err = stream.Send(&framesv1.SubscribeRequest{Request: &framesv1.SubscribeRequest_Start{Start: start}})
	}
	if err != nil {
		cancel()
		if found.region != nil {
			found.region.letGo()
		}
		return nil, err
	}
	found.up = &up{stream: stream, ends: func() { cancel(); conn.Close() }}
	found.up.holders.Store(1)
	go pump(ctx, stream, found.events)
	return found, nil
}

// pump takes what comes until the stream ends.
func pump(ctx context.Context, stream grpc.BidiStreamingClient[framesv1.SubscribeRequest, framesv1.SubscribeResponse], events chan<- event) {
	for {
		said, err := stream.Recv()
		select {
		case events <- event{said, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

func (up *up) say(request *framesv1.SubscribeRequest) {
	up.lock.Lock()
	defer up.lock.Unlock()
	// Where the stream is over, the server holds nothing any more, and Recv says so.
	_ = up.stream.Send(request)
}

func (up *up) letGo() {
	if up.holders.Add(-1) == 0 {
		up.ends()
	}
}

func (streamed *streamed) tier() Tier { return streamed.how }

func (streamed *streamed) close() {
	streamed.up.letGo()
	if streamed.region != nil {
		streamed.region.letGo()
	}
}

func (streamed *streamed) next(ctx context.Context) (came, error) {
	if streamed.region != nil && streamed.held.Load() >= int64(streamed.grant.pins) {
		return came{}, ErrAllHeld
	}
	if streamed.owed {
		streamed.owed = false
		more := &framesv1.SubscribeRequest_Credit{Credit: &framesv1.Credit{Frames: 1}}
		streamed.up.say(&framesv1.SubscribeRequest{Request: more})
	}
	for {
		select {
		case <-ctx.Done():
			return came{}, ctx.Err()
		case event := <-streamed.events:
			if event.err != nil {
				return howItEnded(event.err)
			}
			found, err := streamed.take(event.said)
			if err != nil || found != (came{}) {
				streamed.owed = found.frame != nil
				return found, err
			}
		}
	}
}

// howItEnded: what breaks with a connection is opened again; what the server says of the frames is told.
func howItEnded(err error) (came, error) {
	switch code := status.Code(err); {
	case errors.Is(err, io.EOF), code == codes.Unavailable, code == codes.Canceled:
		return came{end: gone}, nil
	}
	return came{}, err
}

func (streamed *streamed) take(said *framesv1.SubscribeResponse) (came, error) {
	switch event := said.Event.(type) {
	case *framesv1.SubscribeResponse_Frame:
		return streamed.begin(event.Frame)
	case *framesv1.SubscribeResponse_Chunk:
		return streamed.goOn(event.Chunk.Bytes)
	case *framesv1.SubscribeResponse_Gap:
		return came{gap: Gap{event.Gap.First, event.Gap.Last}}, nil
	case *framesv1.SubscribeResponse_End:
		switch event.End.Ending {
		case framesv1.Ending_ENDING_CLOSED:
			return came{end: closed}, nil
		case framesv1.Ending_ENDING_RETIRED:
			return came{end: gone}, nil
		case framesv1.Ending_ENDING_EVICTED:
			return came{}, ErrEvicted
		}
		return came{}, fmt.Errorf("%w: expected an end of a kind that is known", ErrBroken)
	}
	return came{}, nil // Something that a later version says.
}

func (streamed *streamed) begin(frame *framesv1.Frame) (came, error) {
	found := &Frame{Info: readInfo(frame.GetInfo()), Tier: streamed.how, Epoch: streamed.grant.identity.Epoch}
	if reference := frame.GetBody().GetFrame(); reference != nil {
		return streamed.refer(found, reference)
	}
	if frame.Length > streamed.grant.geometry.payloadBytes {
		return came{}, fmt.Errorf("%w: expected a frame no longer than its channel's slots", ErrBroken)
	}
	streamed.begun, streamed.length = found, frame.Length
	return streamed.goOn(frame.GetBody().GetInline())
}

func (streamed *streamed) goOn(piece []byte) (came, error) {
	frame := streamed.begun
	if frame == nil {
		return came{}, fmt.Errorf("%w: expected a frame before its pieces", ErrBroken)
	}
	if frame.bytes == nil {
		frame.bytes = make([]byte, 0, streamed.length)
	}
	frame.bytes = append(frame.bytes, piece...)
	switch found := uint64(len(frame.bytes)); {
	case found > streamed.length:
		return came{}, fmt.Errorf("%w: expected a frame as long as it was said to be", ErrBroken)
	case found < streamed.length:
		return came{}, nil
	}
	streamed.begun = nil
	return came{frame: frame}, nil
}

func (streamed *streamed) refer(frame *Frame, reference *framesv1.FrameRef) (came, error) {
	if streamed.region == nil {
		return came{}, fmt.Errorf("%w: expected no reference to memory that was not opened", ErrBroken)
	}
	whole := uint64(len(streamed.region.bytes))
	if reference.Length > whole || reference.Offset > whole-reference.Length {
		return came{}, fmt.Errorf("%w: expected a frame within its region", ErrBroken)
	}
	end := reference.Offset + reference.Length
	frame.bytes = streamed.region.bytes[reference.Offset:end:end]
	streamed.held.Add(1)
	streamed.region.hold()
	streamed.up.holders.Add(1)
	frame.letGo = func() {
		streamed.held.Add(-1)
		release := &framesv1.SubscribeRequest_Release{Release: &framesv1.LetGo{Seq: frame.Seq}}
		streamed.up.say(&framesv1.SubscribeRequest{Request: release})
		streamed.region.letGo()
		streamed.up.letGo()
	}
	return came{frame: frame}, nil
}

// openPath opens the region by its path, and holds it against what the server said over gRPC.
func openPath(path string, granted grant) (*memory, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	region, err := openRegion(int(file.Fd()), granted.geometry.regionBytes())
	if err != nil {
		return nil, err
	}
	// A process that took the number of the server's may have another channel there.
	if err := checkHeader(region.bytes[:headerBytes], granted); err != nil {
		region.letGo()
		return nil, err
	}
	return region, nil
}
