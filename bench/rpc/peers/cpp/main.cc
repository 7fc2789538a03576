// gRPC's C++ library on a Unix socket, with nothing set: the callback server; the client blocks where one call is in
// flight, and is called back where there are many.

#include <condition_variable>
#include <memory>
#include <mutex>

#include <grpcpp/grpcpp.h>

#include "bench/v1/echo.grpc.pb.h"
#include "contract.h"

using bench::v1::EchoRequest;
using bench::v1::EchoResponse;
using contract::Clock;

class Echoes final : public bench::v1::Echo::CallbackService {
  grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context, const EchoRequest* request,
                                 EchoResponse* response) override {
    response->set_payload(request->payload());
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

static void Serve(const contract::Peer& peer) {
  Echoes service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("unix:" + peer.address, grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  auto server = builder.BuildAndStart();
  if (!server) contract::Fail("the server does not start");
  std::cout << "listening " << peer.address << std::endl;
  server->Wait();
}

static void Check(const grpc::Status& status, const EchoResponse& answer, size_t payload) {
  if (!status.ok()) contract::Fail(status.error_message());
  if (answer.payload().size() != payload) contract::Fail("the answer is of another length");
}

static int64_t Since(Clock::time_point began) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - began).count();
}

// How many callers are not back yet.
struct Out {
  std::mutex mutex;
  std::condition_variable back;
  int callers;
};

// Makes one call after the other until the lap is over.
struct Caller {
  bench::v1::Echo::Stub* stub;
  Clock::time_point until;
  Out* out;
  EchoRequest request;
  EchoResponse answer;
  std::unique_ptr<grpc::ClientContext> context;
  Clock::time_point began;
  std::vector<int64_t> nanos;

  void Next() {
    began = Clock::now();
    if (began >= until && !nanos.empty()) {
      std::lock_guard<std::mutex> lock(out->mutex);
      if (--out->callers == 0) out->back.notify_one();
      return;
    }
    context = std::make_unique<grpc::ClientContext>();
    stub->async()->Echo(context.get(), &request, &answer, [this](grpc::Status status) {
      nanos.push_back(Since(began));
      Check(status, answer, request.payload().size());
      Next();
    });
  }
};

static std::vector<int64_t> Many(bench::v1::Echo::Stub* stub, const contract::Peer& peer, Clock::time_point until) {
  Out out;
  out.callers = peer.in_flight;
  std::vector<Caller> callers(peer.in_flight);
  for (auto& caller : callers) {
    caller.stub = stub;
    caller.until = until;
    caller.out = &out;
    caller.request.set_payload(std::string(peer.payload, 7));
  }
  for (auto& caller : callers) caller.Next();
  std::unique_lock<std::mutex> lock(out.mutex);
  out.back.wait(lock, [&] { return out.callers == 0; });
  std::vector<int64_t> nanos;
  for (auto& caller : callers) nanos.insert(nanos.end(), caller.nanos.begin(), caller.nanos.end());
  return nanos;
}

static std::vector<int64_t> One(bench::v1::Echo::Stub* stub, const contract::Peer& peer, Clock::time_point until) {
  std::vector<int64_t> nanos;
  EchoRequest request;
  request.set_payload(std::string(peer.payload, 7));
  EchoResponse answer;
  for (;;) {
    const auto began = Clock::now();
    if (began >= until && !nanos.empty()) return nanos;
    grpc::ClientContext context;
    const auto status = stub->Echo(&context, request, &answer);
    nanos.push_back(Since(began));
    Check(status, answer, peer.payload);
  }
}

int main(int argc, char** argv) {
  const auto peer = contract::Peer::FromArgs(argc, argv);
  if (peer.server) {
    Serve(peer);
    return 0;
  }
  auto channel = grpc::CreateChannel("unix:" + peer.address, grpc::InsecureChannelCredentials());
  auto stub = bench::v1::Echo::NewStub(channel);
  contract::Laps(peer, [&](Clock::time_point until) {
    return peer.in_flight == 1 ? One(stub.get(), peer, until) : Many(stub.get(), peer, until);
  });
}
