// Package contract is what the peers written in Go have in common: their arguments, what is drawn and read, what they
// print. The contract itself stands in bench/frames/README.md, the bytes of a frame in bench/frames/contract.
package contract

import (
	"bufio"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"slices"
	"time"
)

const (
	counts    = uint64(1) << 63
	last      = uint64(1) << 62
	step      = uint64(0x9e3779b97f4a7c15)
	word      = 8
	head      = 2 * word
	warmUpMax = 150 * time.Millisecond
	framesMin = 2
)

var input = bufio.NewReader(os.Stdin)

// Peer is what the process was started for.
type Peer struct {
	Writer  bool
	Address string
	Payload int
	// How long the lap that counts takes, and from one frame to the next; zero is as fast as it goes.
	Time, Pace time.Duration
}

// FromArgs reads the arguments: `writer ADDRESS` or `reader ADDRESS`, then options.
func FromArgs() Peer {
	if len(os.Args) < 3 || (os.Args[1] != "writer" && os.Args[1] != "reader") {
		Check(fmt.Errorf("expected `writer ADDRESS` or `reader ADDRESS`, and options"))
	}
	options := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	options.String("variant", "", "which of the peer's ways to use")
	options.Int("readers", 1, "how many there are")
	payload := options.Int("payload", 4096, "bytes of a frame")
	seconds := options.Float64("seconds", 1, "how long the lap that counts takes")
	pace := options.Int("pace-us", 0, "from one frame to the next")
	Check(options.Parse(os.Args[3:]))
	return Peer{
		Writer:  os.Args[1] == "writer",
		Address: os.Args[2],
		Payload: *payload,
		Time:    time.Duration(*seconds * float64(time.Second)),
		Pace:    time.Duration(*pace) * time.Microsecond,
	}
}

// Check ends the process when there is an error.
func Check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// Say says how far it is.
func Say(word string) { fmt.Println(word) }

func wait() {
	_, err := input.ReadString('\n')
	Check(err)
}

// Drawn is a frame that is to be drawn.
type Drawn struct{ word uint64 }

// Draw writes every byte; the time comes last, so that nothing but publishing is left.
func (d Drawn) Draw(bytes []byte) {
	value := d.word * step
	for rest := bytes; len(rest) >= word; rest = rest[word:] {
		binary.LittleEndian.PutUint64(rest, value)
		value++
	}
	binary.LittleEndian.PutUint64(bytes, d.word)
	binary.LittleEndian.PutUint64(bytes[word:], uint64(time.Now().UnixNano()))
}

// Run waits until the reader is there, publishes frames to warm up and then those that count, and waits until they
// were read.
func (p Peer) Run(publish func(Drawn) error) {
	wait()
	number := p.lap(publish, min(p.Time/4, warmUpMax), 0, 0)
	Say("ready")
	wait()
	p.lap(publish, p.Time, number, counts)
	Say("done")
	wait()
}

func (p Peer) lap(publish func(Drawn) error, limit time.Duration, number, flags uint64) uint64 {
	start := time.Now()
	due := start
	for frames := 1; ; frames++ {
		if p.Pace > 0 {
			due = due.Add(p.Pace)
			if now := time.Now(); due.Before(now) {
				due = now
			}
			time.Sleep(time.Until(due))
		}
		number++
		ends := frames >= framesMin && time.Since(start) >= limit
		drawn := Drawn{word: number | flags}
		if ends && flags != 0 {
			drawn.word |= last
		}
		Check(publish(drawn))
		if ends {
			return number
		}
	}
}

// Reads is what a reader has read.
type Reads struct {
	Payload       int
	number        uint64
	nanos         []int64
	first, latest int64
}

// Take reads every byte of a frame; whether more frames come.
func (r *Reads) Take(bytes []byte) bool {
	if len(bytes) != r.Payload {
		Check(fmt.Errorf("expected %d bytes, got %d", r.Payload, len(bytes)))
	}
	sum := uint64(0)
	for rest := bytes; len(rest) >= word; rest = rest[word:] {
		sum += binary.LittleEndian.Uint64(rest)
	}
	came, published := binary.LittleEndian.Uint64(bytes), binary.LittleEndian.Uint64(bytes[word:])
	words := uint64(r.Payload / word)
	if sum != came+published+came*step*(words-2)+words*(words-1)/2-1 {
		Check(fmt.Errorf("frame %d is not as it was drawn", came&^(counts|last)))
	}
	read := time.Now().UnixNano()
	r.number++
	if came&^(counts|last) != r.number {
		Check(fmt.Errorf("expected frame %d, got %d", r.number, came&^(counts|last)))
	}
	if came&counts != 0 {
		r.nanos = append(r.nanos, read-int64(published))
		if r.first == 0 {
			r.first = read
		}
		r.latest = read
	}
	return came&last == 0
}

// End says that all is read, and prints what it came to.
func (r *Reads) End() {
	// The driver reads the clocks of the processes before anything is sorted.
	Say("done")
	wait()
	slices.Sort(r.nanos)
	at := func(share int) float64 { return float64(r.nanos[len(r.nanos)*share/100]) / 1e3 }
	fmt.Printf("{\"frames\":%d,\"first_ns\":%d,\"last_ns\":%d,\"p50_us\":%g,\"p99_us\":%g}\n",
		len(r.nanos), r.first, r.latest, at(50), at(99))
}
