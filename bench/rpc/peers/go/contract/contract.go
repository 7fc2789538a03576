// Package contract is what the peers written in Go have in common: their arguments, their laps, what they print.
// The contract itself stands in bench/rpc/README.md.
package contract

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// Peer is what the process was started for.
type Peer struct {
	Server  bool
	Address string
	Variant string
	// Bytes each way, calls under way at once, and how long the lap that counts takes; a client's alone.
	Payload  int
	InFlight int
	Time     time.Duration
}

// FromArgs reads the arguments: `server ADDRESS` or `client ADDRESS`, then options.
func FromArgs() Peer {
	if len(os.Args) < 3 || (os.Args[1] != "server" && os.Args[1] != "client") {
		Check(fmt.Errorf("expected `server ADDRESS` or `client ADDRESS`, and options"))
	}
	options := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	variant := options.String("variant", "", "which of the peer's ways to use")
	payload := options.Int("payload", 32, "bytes, each way")
	inFlight := options.Int("in-flight", 1, "calls under way at once")
	seconds := options.Float64("seconds", 1, "how long the lap that counts takes")
	Check(options.Parse(os.Args[3:]))
	return Peer{
		Server:   os.Args[1] == "server",
		Address:  os.Args[2],
		Variant:  *variant,
		Payload:  *payload,
		InFlight: *inFlight,
		Time:     time.Duration(*seconds * float64(time.Second)),
	}
}

// Listening says that connections are taken, and where.
func Listening(address string) {
	fmt.Println("listening", address)
}

// Check ends the process when there is an error.
func Check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// Laps runs a lap to warm up, and the lap that counts. A call answers with the length of what came back.
func (p Peer) Laps(call func(payload []byte) (int, error)) {
	input := bufio.NewReader(os.Stdin)
	p.lap(call, p.Time/4)
	handOver(input, "ready")
	start := time.Now()
	nanos := p.lap(call, p.Time)
	elapsed := time.Since(start)
	// The driver reads the clocks of both processes before anything is sorted.
	handOver(input, "done")
	if len(nanos) == 0 {
		Check(fmt.Errorf("not one call was made"))
	}
	slices.Sort(nanos)
	at := func(share int) float64 { return float64(nanos[len(nanos)*share/100]) / 1e3 }
	fmt.Printf("{\"calls\":%d,\"seconds\":%g,\"p50_us\":%g,\"p99_us\":%g}\n",
		len(nanos), elapsed.Seconds(), at(50), at(99))
}

// lap makes calls until the time is over, and answers with what each took.
func (p Peer) lap(call func(payload []byte) (int, error), limit time.Duration) []time.Duration {
	until := time.Now().Add(limit)
	took := make([][]time.Duration, p.InFlight)
	var callers sync.WaitGroup
	for number := range p.InFlight {
		callers.Go(func() {
			payload := make([]byte, p.Payload)
			for {
				began := time.Now()
				// Each makes one, however late it came to it.
				if !began.Before(until) && len(took[number]) > 0 {
					return
				}
				got, err := call(payload)
				Check(err)
				took[number] = append(took[number], time.Since(began))
				if got != p.Payload {
					Check(fmt.Errorf("sent %d bytes, got %d back", p.Payload, got))
				}
			}
		})
	}
	callers.Wait()
	return slices.Concat(took...)
}

// handOver says how far it is, and waits for a line.
func handOver(input *bufio.Reader, word string) {
	fmt.Println(word)
	_, err := input.ReadString('\n')
	Check(err)
}
