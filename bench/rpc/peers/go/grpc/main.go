// grpc-go on a Unix socket, with nothing set.
package main

import (
	"context"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"nearcall.example/bench/benchv1"
	"nearcall.example/bench/contract"
)

type echo struct {
	benchv1.UnimplementedEchoServer
}

func (echo) Echo(_ context.Context, request *benchv1.EchoRequest) (*benchv1.EchoResponse, error) {
	return &benchv1.EchoResponse{Payload: request.Payload}, nil
}

func main() {
	peer := contract.FromArgs()
	if peer.Server {
		serve(peer)
		return
	}
	connection, err := grpc.NewClient(
		"unix:"+peer.Address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
	)
	contract.Check(err)
	client := benchv1.NewEchoClient(connection)
	peer.Laps(func(payload []byte) (int, error) {
		answer, err := client.Echo(context.Background(), &benchv1.EchoRequest{Payload: payload})
		return len(answer.GetPayload()), err
	})
}

func serve(peer contract.Peer) {
	listener, err := net.Listen("unix", peer.Address)
	contract.Check(err)
	server := grpc.NewServer()
	benchv1.RegisterEchoServer(server, echo{})
	contract.Listening(peer.Address)
	contract.Check(server.Serve(listener))
}
