"""Hosts a service for the server to call, with stock grpcio: no option set, no code of nearcall.

Usage: check_callback.py <socket of the example callback>

The stubs `chat.v1.chat_pb2*` and `nearcall.callback.v1.callback_pb2*` must be on PYTHONPATH (written by grpcio-tools).
Prints one line per thing checked and exits 1 at the first that does not hold. `docs/callbacks.md` shows the class below.
"""

import queue
import sys
import threading

import grpc
from chat.v1 import chat_pb2, chat_pb2_grpc
from nearcall.callback.v1 import callback_pb2, callback_pb2_grpc

# Seconds that one call may take, before it counts as hung.
CALL_TIMEOUT = 20


class Host:
    """Hosts unary methods on a channel's connection: `methods` are functions of bytes by path."""

    def __init__(self, channel, services, methods):
        self.methods = methods
        self.requests = {}
        self.out = queue.SimpleQueue()
        self.say(hello=callback_pb2.Hello(services=services))
        stub = callback_pb2_grpc.CallbacksStub(channel)
        self.stream = stub.Host(iter(self.out.get, None))
        assert next(self.stream).WhichOneof("says") == "ready"
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def say(self, **word):
        self.out.put(callback_pb2.HostRequest(**word))

    def run(self):
        try:
            for word in self.stream:
                self.hear(word)
        except grpc.RpcError:
            pass  # Cancelled here, or the server went.

    def hear(self, word):
        says = word.WhichOneof("says")
        if says == "call":
            self.requests[word.call.call] = [word.call.path, b""]
        elif says == "message" and word.message.call in self.requests:
            self.requests[word.message.call][1] = word.message.message
        elif says == "half_close" and word.half_close.call in self.requests:
            call = word.half_close.call
            self.answer(call, *self.requests.pop(call))
        elif says == "cancel":
            self.requests.pop(word.cancel.call, None)

    def answer(self, call, path, request):
        if path not in self.methods:
            code = grpc.StatusCode.UNIMPLEMENTED.value[0]
            text = f"no method {path}"
            return self.say(end=callback_pb2.End(call=call, code=code, text=text))
        reply = self.methods[path](request)
        self.say(message=callback_pb2.Message(call=call, message=reply))
        self.say(end=callback_pb2.End(call=call))

    def close(self):
        self.stream.cancel()
        self.out.put(None)
        self.thread.join(CALL_TIMEOUT)


def expect(what, actual, expected):
    """Prints a line for `what`, or ends the program when `actual` is not `expected`."""
    if actual != expected:
        sys.exit(f"FAIL {what}: expected {expected!r}, found {actual!r}")
    print(f"ok   {what}: {actual!r}")


def refusal(call):
    """The status of a call that must not succeed."""
    try:
        answer = call()
    except grpc.RpcError as error:
        return error
    sys.exit(f"FAIL expected a refusal, found the answer {answer!r}")


def listener(heard):
    def hear(request):
        heard.append(chat_pb2.HearRequest.FromString(request).text)
        return chat_pb2.HearResponse().SerializeToString()

    return {"/chat.v1.Listener/Hear": hear}


def say(chat, text):
    request = chat_pb2.SayRequest(text=text)
    return chat.Say(request, timeout=CALL_TIMEOUT).heard


def join(chat):
    return chat.Join(chat_pb2.JoinRequest(), timeout=CALL_TIMEOUT)


def main():
    (socket,) = sys.argv[1:]
    with grpc.insecure_channel(f"unix:{socket}") as channel:
        chat = chat_pb2_grpc.ChatStub(channel)
        error = refusal(lambda: join(chat))
        expect(
            "to join without a listener",
            error.code(),
            grpc.StatusCode.FAILED_PRECONDITION,
        )

        heard = []
        host = Host(channel, ["chat.v1.Listener"], listener(heard))
        join(chat)
        words = [f"word {number}" for number in range(1, 41)]
        expect("who heard", sum(say(chat, word) for word in words), len(words))
        expect("what was heard", heard == words, True)

        host.methods = {}
        expect("who heard without the method", say(chat, "nobody"), 0)
        host.close()
        expect("who heard once the stream ended", say(chat, "nobody"), 0)

        error = refusal(lambda: Host(channel, [], {}))
        expect("to host nothing", error.code(), grpc.StatusCode.INVALID_ARGUMENT)


if __name__ == "__main__":
    main()
