#!/bin/sh
# Makes the client from the definition; `go generate` runs it. The plugins are those of go.mod.
set -eu
exec protoc --proto_path=../../../proto \
    --plugin=protoc-gen-go="$(go tool -n protoc-gen-go)" \
    --plugin=protoc-gen-go-grpc="$(go tool -n protoc-gen-go-grpc)" \
    --go_out=. --go_opt=module=nearcall.example/hello \
    --go_opt=Marith/v1/arith.proto=nearcall.example/hello/arithv1 \
    --go-grpc_out=. --go-grpc_opt=module=nearcall.example/hello \
    --go-grpc_opt=Marith/v1/arith.proto=nearcall.example/hello/arithv1 \
    arith/v1/arith.proto
