package frames

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc"

	"nearcall.example/frames/framesv1"
)

const (
	messageBytes = 32
	claimTimeout = 5 * time.Second

	claimMessage   = 1
	grantedMessage = 2
	refusedMessage = 3
	messageVersion = 1
)

// attached is frames in memory that the broker passed: no call for a frame, and a doorbell to sleep by.
type attached struct {
	reader *reader
	bell   *net.UnixConn
	// gone means that the server hung up. What it published before is still there.
	gone bool
}

func attach(answer *framesv1.OpenResponse, granted grant, conn *grpc.ClientConn) (source, error) {
	bell, err := net.DialUnix("unixpacket", nil, &net.UnixAddr{Name: answer.BrokerPath, Net: "unixpacket"})
	if err != nil {
		return nil, err
	}
	reader, err := claim(bell, answer.Ticket, granted)
	if err != nil {
		bell.Close()
		return nil, err
	}
	// The doorbell closes with the last frame that is held: until then the server has to know of us.
	reader.region.ends = func() { bell.Close() }
	// Nothing is asked of this connection any more.
	conn.Close()
	return &attached{reader: reader, bell: bell}, nil
}

func claim(bell *net.UnixConn, ticket []byte, granted grant) (*reader, error) {
	if len(ticket) != 16 {
		return nil, fmt.Errorf("%w: expected a ticket of 16 bytes, found %d", ErrBroken, len(ticket))
	}
	var message [messageBytes]byte
	binary.LittleEndian.PutUint16(message[0:], claimMessage)
	binary.LittleEndian.PutUint16(message[2:], messageVersion)
	copy(message[8:], ticket)
	if err := bell.SetDeadline(time.Now().Add(claimTimeout)); err != nil {
		return nil, err
	}
	if _, err := bell.Write(message[:]); err != nil {
		return nil, err
	}
	// One byte and some descriptors more, so that what is too long is seen to be.
	said, passed := make([]byte, messageBytes+1), make([]byte, unix.CmsgSpace(8*4))
	length, more, flags, _, err := bell.ReadMsgUnix(said, passed)
	if err != nil {
		return nil, err
	}
	descriptors := descriptors(passed[:more])
	defer func() {
		for _, descriptor := range descriptors {
			unix.Close(descriptor)
		}
	}()
	if flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0 {
		return nil, errors.New("expected one message and two descriptors, found more")
	}
	if err := checkAnswer(said[:length], len(descriptors), granted); err != nil {
		return nil, err
	}
	if err := bell.SetDeadline(time.Time{}); err != nil {
		return nil, err
	}
	region, err := openRegion(descriptors[0], granted.geometry.regionBytes())
	if err != nil {
		return nil, err
	}
	page, err := openReturnPage(descriptors[1])
	if err != nil {
		region.letGo()
		return nil, err
	}
	found, err := newReader(region, page, granted)
	if err != nil {
		region.letGo()
		page.letGo()
	}
	return found, err
}

func descriptors(passed []byte) []int {
	var found []int
	messages, _ := unix.ParseSocketControlMessage(passed)
	for _, message := range messages {
		if rights, err := unix.ParseUnixRights(&message); err == nil {
			found = append(found, rights...)
		}
	}
	return found
}

func checkAnswer(said []byte, descriptors int, granted grant) error {
	if len(said) != messageBytes {
		return fmt.Errorf("expected a message of %d bytes, found %d", messageBytes, len(said))
	}
	if kind := binary.LittleEndian.Uint16(said); kind == refusedMessage {
		return fmt.Errorf("the broker refused the ticket for reason %d", binary.LittleEndian.Uint16(said[4:]))
	}
	var expected [messageBytes]byte
	binary.LittleEndian.PutUint16(expected[0:], grantedMessage)
	binary.LittleEndian.PutUint16(expected[2:], messageVersion)
	binary.LittleEndian.PutUint64(expected[8:], granted.subscription)
	binary.LittleEndian.PutUint64(expected[16:], granted.identity.Epoch)
	binary.LittleEndian.PutUint64(expected[24:], granted.identity.Region)
	if [messageBytes]byte(said) != expected || descriptors != 2 {
		return errors.New("the broker sent something else than was granted; ask for another ticket")
	}
	return nil
}

func (attached *attached) tier() Tier { return Broker }

func (attached *attached) close() {
	attached.reader.takeNoMore()
	attached.reader.page.letGo()
	attached.reader.region.letGo()
}

func (attached *attached) next(ctx context.Context) (came, error) {
	for {
		if err := ctx.Err(); err != nil {
			return came{}, err
		}
		found, err := attached.reader.look()
		if errors.Is(err, ErrOvertaken) {
			runtime.Gosched()
			continue
		}
		if err != nil || found != (came{}) {
			return found, err
		}
		if pause := time.Until(attached.reader.due); pause > 0 {
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
			continue
		}
		if attached.gone {
			return attached.afterHangUp()
		}
		if attached.reader.sleep() {
			attached.listen(ctx)
			attached.reader.wakeUp()
		}
	}
}

// listen waits for a ring, the server's end, or the context's. What woke it is no promise.
func (attached *attached) listen(ctx context.Context) {
	attached.bell.SetReadDeadline(time.Time{})
	stop := context.AfterFunc(ctx, func() { attached.bell.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	var ring [messageBytes]byte
	length, err := attached.bell.Read(ring[:])
	if length == 0 && !errors.Is(err, os.ErrDeadlineExceeded) {
		attached.gone = true
	}
}

// afterHangUp tells eviction from death: a server that evicts a reader says no more, and still listens.
func (attached *attached) afterHangUp() (came, error) {
	attached.bell.SetWriteDeadline(time.Now().Add(time.Second))
	if _, err := attached.bell.Write([]byte{0}); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return came{end: gone}, nil
	}
	return came{}, ErrEvicted
}
