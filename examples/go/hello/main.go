// Dial, call, handle an error, a deadline, streams, metadata.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"nearcall.example/hello/arithv1"
)

//go:generate sh generate.sh

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: hello unix:///path/of/arith.sock, or hello pipe:name on Windows")
	}
	if err := run(context.Background(), os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, address string) error {
	conn, err := dial(address)
	if err != nil {
		return err
	}
	defer conn.Close()
	arith := arithv1.NewArithClient(conn)

	for _, step := range []func(context.Context, arithv1.ArithClient) error{
		call, detailsOfAnError, deadline, serverStream, bidiStream, clientStream, metadataBothWays,
	} {
		if err := step(ctx, arith); err != nil {
			return err
		}
	}
	return nobodyThere(ctx, address+"-nobody")
}

func call(ctx context.Context, arith arithv1.ArithClient) error {
	product, err := arith.Multiply(ctx, &arithv1.MultiplyRequest{A: 17, B: 8})
	if err != nil {
		return err
	}
	fmt.Println("17 x 8 =", product.GetProduct())

	quotient, err := arith.Divide(ctx, &arithv1.DivideRequest{A: 17, B: 8})
	if err != nil {
		return err
	}
	fmt.Printf("17 / 8 = %d, remainder %d\n", quotient.GetQuotient(), quotient.GetRemainder())
	return nil
}

// An error names the field that was wrong, for programs as well as people.
func detailsOfAnError(ctx context.Context, arith arithv1.ArithClient) error {
	_, err := arith.Divide(ctx, &arithv1.DivideRequest{A: 1, B: 0})
	refusal := status.Convert(err)
	fmt.Printf("1 / 0: %v: %s\n", refusal.Code(), refusal.Message())
	for _, detail := range refusal.Details() {
		if badRequest, ok := detail.(*errdetails.BadRequest); ok {
			for _, violation := range badRequest.GetFieldViolations() {
				fmt.Printf("  field %s: %s\n", violation.GetField(), violation.GetDescription())
			}
		}
	}
	return nil
}

// A deadline that passes before the fourth of ten numbers.
func deadline(ctx context.Context, arith arithv1.ArithClient) error {
	ctx, cancel := context.WithTimeout(ctx, 1250*time.Millisecond)
	defer cancel()
	numbers, err := arith.Count(ctx, &arithv1.CountRequest{First: 1, Count: 10, IntervalMs: 500})
	if err != nil {
		return err
	}
	for {
		answer, err := numbers.Recv()
		if err != nil {
			fmt.Println("stopped counting:", status.Code(err))
			return nil
		}
		fmt.Println("counted", answer.GetNumber())
	}
}

func serverStream(ctx context.Context, arith arithv1.ArithClient) error {
	numbers, err := arith.Count(ctx, &arithv1.CountRequest{First: 5, Count: 4})
	if err != nil {
		return err
	}
	fmt.Print("counted on:")
	for {
		answer, err := numbers.Recv()
		if errors.Is(err, io.EOF) {
			fmt.Println()
			return nil
		}
		if err != nil {
			return err
		}
		fmt.Print(" ", answer.GetNumber())
	}
}

func bidiStream(ctx context.Context, arith arithv1.ArithClient) error {
	totals, err := arith.RunningTotal(ctx)
	if err != nil {
		return err
	}
	fmt.Print("totals:")
	for number := range int64(3) {
		if err := totals.Send(&arithv1.RunningTotalRequest{Number: number + 1}); err != nil {
			return err
		}
		answer, err := totals.Recv()
		if err != nil {
			return err
		}
		fmt.Print(" ", answer.GetTotal())
	}
	fmt.Println()
	return totals.CloseSend()
}

func clientStream(ctx context.Context, arith arithv1.ArithClient) error {
	sum, err := arith.Sum(ctx)
	if err != nil {
		return err
	}
	for number := range int64(100) {
		if err := sum.Send(&arithv1.SumRequest{Number: number + 1}); err != nil {
			return err
		}
	}
	answer, err := sum.CloseAndRecv()
	if err != nil {
		return err
	}
	fmt.Printf("sum: %d of %d numbers\n", answer.GetSum(), answer.GetCount())
	return nil
}

// What goes along beside the messages, there and back.
func metadataBothWays(ctx context.Context, arith arithv1.ArithClient) error {
	ctx = metadata.AppendToOutgoingContext(ctx, "arith-tag", "hello")
	var received metadata.MD
	if _, err := arith.Multiply(ctx, &arithv1.MultiplyRequest{A: 1, B: 1}, grpc.Header(&received)); err != nil {
		return err
	}
	for _, name := range []string{"arith-version", "arith-tag"} {
		for _, value := range received.Get(name) {
			fmt.Printf("%s: %s\n", name, value)
		}
	}
	return nil
}

// Where nobody listens a call fails at once.
func nobodyThere(ctx context.Context, address string) error {
	conn, err := dial(address)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = arithv1.NewArithClient(conn).Multiply(ctx, &arithv1.MultiplyRequest{A: 17, B: 8})
	fmt.Println("nobody there:", status.Code(err))
	return nil
}
