// Dial, call, handle an error, a deadline, streams, metadata.

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/error_details.h>

#include "arith/v1/arith.grpc.pb.h"
#include "google/rpc/details.pb.h"

using arith::v1::Arith;
using grpc::ClientContext;
using grpc::Status;

namespace {

std::unique_ptr<Arith::Stub> Dial(const std::string& address) {
  return Arith::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
}

// The library has numbers for the codes, and no names.
std::string Name(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::INVALID_ARGUMENT:
      return "INVALID_ARGUMENT";
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return "DEADLINE_EXCEEDED";
    case grpc::StatusCode::UNAVAILABLE:
      return "UNAVAILABLE";
    default:
      return "code " + std::to_string(code);
  }
}

void MustSucceed(const Status& status) {
  if (!status.ok()) {
    throw std::runtime_error(Name(status.error_code()) + ": " + status.error_message());
  }
}

void Call(Arith::Stub& arith) {
  {
    ClientContext context;
    arith::v1::MultiplyRequest request;
    request.set_a(17);
    request.set_b(8);
    arith::v1::MultiplyResponse answer;
    MustSucceed(arith.Multiply(&context, request, &answer));
    std::cout << "17 x 8 = " << answer.product() << '\n';
  }
  ClientContext context;
  arith::v1::DivideRequest request;
  request.set_a(17);
  request.set_b(8);
  arith::v1::DivideResponse answer;
  MustSucceed(arith.Divide(&context, request, &answer));
  std::cout << "17 / 8 = " << answer.quotient() << ", remainder " << answer.remainder() << '\n';
}

// An error names the field that was wrong, for programs as well as people.
void DetailsOfAnError(Arith::Stub& arith) {
  ClientContext context;
  arith::v1::DivideRequest request;
  request.set_a(1);
  request.set_b(0);
  arith::v1::DivideResponse answer;
  const Status status = arith.Divide(&context, request, &answer);
  std::cout << "1 / 0: " << Name(status.error_code()) << ": " << status.error_message() << '\n';

  google::rpc::Status full;
  MustSucceed(grpc::ExtractErrorDetails(status, &full));
  for (const auto& detail : full.details()) {
    google::rpc::BadRequest bad_request;
    if (detail.UnpackTo(&bad_request)) {
      for (const auto& violation : bad_request.field_violations()) {
        std::cout << "  field " << violation.field() << ": " << violation.description() << '\n';
      }
    }
  }
}

// A deadline that passes before the fourth of ten numbers.
void Deadline(Arith::Stub& arith) {
  ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(1250));
  arith::v1::CountRequest request;
  request.set_first(1);
  request.set_count(10);
  request.set_interval_ms(500);
  const auto numbers = arith.Count(&context, request);
  for (arith::v1::CountResponse answer; numbers->Read(&answer);) {
    std::cout << "counted " << answer.number() << '\n';
  }
  std::cout << "stopped counting: " << Name(numbers->Finish().error_code()) << '\n';
}

void ServerStream(Arith::Stub& arith) {
  ClientContext context;
  arith::v1::CountRequest request;
  request.set_first(5);
  request.set_count(4);
  const auto numbers = arith.Count(&context, request);
  std::cout << "counted on:";
  for (arith::v1::CountResponse answer; numbers->Read(&answer);) {
    std::cout << ' ' << answer.number();
  }
  std::cout << '\n';
  MustSucceed(numbers->Finish());
}

void StreamInEachDirection(Arith::Stub& arith) {
  ClientContext context;
  const auto totals = arith.RunningTotal(&context);
  std::cout << "totals:";
  for (const int number : {1, 2, 3}) {
    arith::v1::RunningTotalRequest request;
    request.set_number(number);
    arith::v1::RunningTotalResponse answer;
    if (!totals->Write(request) || !totals->Read(&answer)) {
      break;
    }
    std::cout << ' ' << answer.total();
  }
  std::cout << '\n';
  totals->WritesDone();
  MustSucceed(totals->Finish());
}

void ClientStream(Arith::Stub& arith) {
  ClientContext context;
  arith::v1::SumResponse answer;
  const auto numbers = arith.Sum(&context, &answer);
  for (int number = 1; number <= 100; ++number) {
    arith::v1::SumRequest request;
    request.set_number(number);
    if (!numbers->Write(request)) {
      break;
    }
  }
  numbers->WritesDone();
  MustSucceed(numbers->Finish());
  std::cout << "sum: " << answer.sum() << " of " << answer.count() << " numbers\n";
}

// What goes along beside the messages, there and back.
void Metadata(Arith::Stub& arith) {
  ClientContext context;
  context.AddMetadata("arith-tag", "hello");
  arith::v1::MultiplyRequest request;
  request.set_a(1);
  request.set_b(1);
  arith::v1::MultiplyResponse answer;
  MustSucceed(arith.Multiply(&context, request, &answer));
  for (const char* name : {"arith-version", "arith-tag"}) {
    const auto value = context.GetServerInitialMetadata().find(name);
    if (value != context.GetServerInitialMetadata().end()) {
      std::cout << name << ": " << value->second << '\n';
    }
  }
}

// Where nobody listens a call fails at once.
void NobodyThere(const std::string& address) {
  const auto nobody = Dial(address);
  ClientContext context;
  arith::v1::MultiplyRequest request;
  arith::v1::MultiplyResponse answer;
  const Status status = nobody->Multiply(&context, request, &answer);
  std::cout << "nobody there: " << Name(status.error_code()) << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: hello unix:/path/of/arith.sock\n";
    return EXIT_FAILURE;
  }
  const std::string address = argv[1];
  try {
    const auto arith = Dial(address);
    Call(*arith);
    DetailsOfAnError(*arith);
    Deadline(*arith);
    ServerStream(*arith);
    StreamInEachDirection(*arith);
    ClientStream(*arith);
    Metadata(*arith);
    NobodyThere(address + "-nobody");
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
