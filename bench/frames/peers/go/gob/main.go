// Go's own encoding, gob, over a Unix socket: a value with bytes for each frame.
package main

import (
	"bufio"
	"encoding/gob"
	"net"

	"nearcall.example/bench/frames/contract"
)

// Frame is what is sent.
type Frame struct {
	Payload []byte
}

func main() {
	peer := contract.FromArgs()
	if peer.Writer {
		write(peer)
	} else {
		read(peer)
	}
}

func write(peer contract.Peer) {
	listener, err := net.Listen("unix", peer.Address)
	contract.Check(err)
	contract.Say("listening")
	stream, err := listener.Accept()
	contract.Check(err)
	encoder := gob.NewEncoder(stream)
	frame := Frame{Payload: make([]byte, peer.Payload)}
	peer.Run(func(drawn contract.Drawn) error {
		drawn.Draw(frame.Payload)
		return encoder.Encode(&frame)
	})
}

func read(peer contract.Peer) {
	stream, err := net.Dial("unix", peer.Address)
	contract.Check(err)
	decoder := gob.NewDecoder(bufio.NewReader(stream))
	contract.Say("ready")
	reads := contract.Reads{Payload: peer.Payload}
	var frame Frame
	for {
		contract.Check(decoder.Decode(&frame))
		if !reads.Take(frame.Payload) {
			break
		}
	}
	reads.End()
}
