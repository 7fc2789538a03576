"""grpcio at a bridge: what a stock client sends, and what comes of it. Takes the file of the bridge."""

import json
import stat
import sys
from pathlib import Path

import grpc

from arith.v1 import arith_pb2, arith_pb2_grpc

UNARY = arith_pb2.MultiplyRequest(a=17, b=8)


def refused(code, call):
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == code, f"expected {code}, found {error.code()}: {error.details()}"
        return
    raise AssertionError(f"expected {code}, found an answer")


def every_kind(stub, metadata):
    product, call = stub.Multiply.with_call(UNARY, metadata=metadata + [("arith-tag", "hello")], timeout=10)
    assert product.product == 136
    # Metadata both ways: the service sends the tag back.
    assert ("arith-tag", "hello") in [(key, value) for key, value in call.initial_metadata()]
    count = arith_pb2.CountRequest(first=1, count=5000)
    numbers = [answer.number for answer in stub.Count(count, metadata=metadata, timeout=30)]
    assert numbers == list(range(1, 5001))
    ones = (arith_pb2.SumRequest(number=1) for _ in range(5000))
    assert stub.Sum(ones, metadata=metadata, timeout=30).sum == 5000
    steps = (arith_pb2.RunningTotalRequest(number=number) for number in (1, 2, 3))
    totals = [answer.total for answer in stub.RunningTotal(steps, metadata=metadata, timeout=30)]
    assert totals == [1, 3, 6]
    slow = arith_pb2.CountRequest(first=1, count=10, interval_ms=500)
    refused(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: list(stub.Count(slow, metadata=metadata, timeout=0.3)))
    divide = arith_pb2.DivideRequest(a=1, b=0)
    refused(grpc.StatusCode.INVALID_ARGUMENT, lambda: stub.Divide(divide, metadata=metadata, timeout=10))


def main(file):
    assert stat.S_IMODE(file.stat().st_mode) == 0o600, "the file is for its user alone"
    bridge = json.loads(file.read_text())
    port = bridge["address"].rsplit(":", 1)[1]
    token = [("authorization", f"Bearer {bridge['token']}")]
    for host in ("127.0.0.1", "localhost"):
        with grpc.insecure_channel(f"{host}:{port}") as channel:
            every_kind(arith_pb2_grpc.ArithStub(channel), token)
        print(f"ok   every kind of call at {host}, with the token")

    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = arith_pb2_grpc.ArithStub(channel)
        unauthenticated = grpc.StatusCode.UNAUTHENTICATED
        for metadata in ([], [("authorization", "Bearer 00")], [("authorization", bridge["token"])], token + token):
            refused(unauthenticated, lambda: stub.Multiply(UNARY, metadata=metadata, timeout=10))
        print("ok   without the token, with another, with two: UNAUTHENTICATED")
        page = token + [("origin", "http://127.0.0.1")]
        refused(grpc.StatusCode.PERMISSION_DENIED, lambda: stub.Multiply(UNARY, metadata=page, timeout=10))
        print("ok   from a web page: PERMISSION_DENIED")

    # DNS rebinding: another name for the same port.
    options = [("grpc.default_authority", f"evil.example:{port}")]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        stub = arith_pb2_grpc.ArithStub(channel)
        refused(grpc.StatusCode.PERMISSION_DENIED, lambda: stub.Multiply(UNARY, metadata=token, timeout=10))
    print("ok   by another name: PERMISSION_DENIED")

    # The token by the library's own means for such things: metadata that an interceptor adds to each call.
    class Bearer(grpc.UnaryUnaryClientInterceptor):
        def intercept_unary_unary(self, continuation, details, request):
            return continuation(details._replace(metadata=token), request)

    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = arith_pb2_grpc.ArithStub(grpc.intercept_channel(channel, Bearer()))
        assert stub.Multiply(UNARY, timeout=10).product == 136
    print("ok   the token by an interceptor")


main(Path(sys.argv[1]))
