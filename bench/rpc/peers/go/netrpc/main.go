// Go's net/rpc with its own encoding, gob; --variant says over what: unix or tcp.
package main

import (
	"net"
	"net/rpc"

	"nearcall.example/bench/contract"
)

// Echo answers with what it was asked.
type Echo struct{}

type Message struct {
	Payload []byte
}

func (Echo) Echo(request *Message, answer *Message) error {
	answer.Payload = request.Payload
	return nil
}

func main() {
	peer := contract.FromArgs()
	if peer.Server {
		serve(peer)
		return
	}
	client, err := rpc.Dial(peer.Variant, peer.Address)
	contract.Check(err)
	peer.Laps(func(payload []byte) (int, error) {
		var answer Message
		err := client.Call("Echo.Echo", &Message{Payload: payload}, &answer)
		return len(answer.Payload), err
	})
}

func serve(peer contract.Peer) {
	contract.Check(rpc.Register(Echo{}))
	listener, err := net.Listen(peer.Variant, peer.Address)
	contract.Check(err)
	contract.Listening(listener.Addr().String())
	rpc.Accept(listener)
}
