#!/bin/sh
# Makes the client from the definition; `go generate` runs it. The plugins are those of go.mod.
set -eu
exec protoc --proto_path=../../proto \
    --plugin=protoc-gen-go="$(go tool -n protoc-gen-go)" \
    --plugin=protoc-gen-go-grpc="$(go tool -n protoc-gen-go-grpc)" \
    --go_out=. --go_opt=module=nearcall.example/frames \
    --go_opt=Mnearcall/frames/v1/frames.proto=nearcall.example/frames/framesv1 \
    --go-grpc_out=. --go-grpc_opt=module=nearcall.example/frames \
    --go-grpc_opt=Mnearcall/frames/v1/frames.proto=nearcall.example/frames/framesv1 \
    nearcall/frames/v1/frames.proto
